package timetravel

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/snapshot"
	"github.com/zkark/zkark/internal/zookeeper/tree"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

// digestVersion is that of every release so far (ZooKeeper 3.6 DigestCalculator).
const digestVersion = 2

// Base is where a Replay starts.
type Base struct {
	Tree  *tree.Tree
	Start zookeeper.Zxid // every transaction up to it is in the tree whole
	// End is the last transaction of which a part may be in the tree: Start for an exact state. Nil is unknown.
	End *zookeeper.Zxid
	// Digest is the trailer of the snapshot, nil if there is none.
	Digest *snapshot.Digest
}

// End is how far a snapshot of the name's zxid start may have run ahead of it, as its trailer tells (ZooKeeper 3.6,
// 3.9): nil where it does not, and only somebody who watched the server can know.
func End(start zookeeper.Zxid, t snapshot.Trailer) *zookeeper.Zxid {
	if d := t.Digest; d != nil && d.Zxid != 0 && d.Zxid >= start {
		return &d.Zxid
	}
	if z := t.LastZxid; z != nil && *z >= start {
		return z
	}
	return nil
}

// Replay applies a history to a base and proves it on the way. After an error it is of no more use.
type Replay struct {
	base   Base
	report Report
	open   bool           // the base is still fuzzy, and where that ends is not known
	last   zookeeper.Zxid // that the next record has to follow
	wrong  bool           // the last digest that was compared was not right, because the base was fuzzy
	rooted zookeeper.Zxid // when the root itself was last changed
}

// New starts at a base, whose tree it takes over.
func New(b Base) *Replay {
	r := &Replay{base: b, last: b.Start, open: b.End == nil}
	r.report.Start, r.report.End, r.report.Last = b.Start, b.End, b.Start
	if root, ok := b.Tree.Get("/"); ok {
		r.rooted = root.Stat.Mzxid
	}
	r.checkTrailer()
	return r
}

// Tree is the state after the last record applied.
func (r *Replay) Tree() *tree.Tree { return r.base.Tree }

// Reload goes on with a tree that was written from Tree and read back by load, which has room to do so: the old one is let
// go first. When the records are run again, those that the tree holds are skipped.
func (r *Replay) Reload(load func() (*tree.Tree, error)) error {
	r.base.Tree = nil
	t, err := load()
	if err != nil {
		return err
	}
	r.base.Tree, r.base.Start = t, r.last
	return nil
}

// Source gives the records of a history in order, and then io.EOF: a *txnlog.Reader, or several in a row.
type Source interface {
	Next() (txnlog.Record, error)
}

// Run applies the records of src up to and including until, and leaves the rest of src unread but for one.
func (r *Replay) Run(ctx context.Context, src Source, until zookeeper.Zxid) error {
	for {
		rec, err := src.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if rec.Zxid > until {
			return nil
		}
		if rec.Zxid <= r.base.Start {
			r.report.Skipped++
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := r.applyRecord(rec); err != nil {
			return err
		}
	}
}

func (r *Replay) applyRecord(rec txnlog.Record) error {
	txn, err := rec.Decode()
	if err != nil {
		return err
	}
	if err := r.Apply(txn); err != nil {
		return fmt.Errorf("replay %s at offset %d: %w", rec.Name, rec.Offset, err)
	}
	return nil
}

// Apply makes one transaction's changes and compares the digest. Transactions up to the base's start are
// skipped. It fails with *SequenceError or *DigestMismatch, or with what the tree says.
func (r *Replay) Apply(txn txnlog.Txn) error {
	switch {
	case txn.Zxid <= r.base.Start:
		r.report.Skipped++
		return nil
	case txn.Zxid == r.last && txn.Type == txnlog.TypeError:
		r.report.Repeated++
		return nil
	case !follows(r.last, txn.Zxid):
		return &SequenceError{Prev: r.last, Got: txn.Zxid}
	}
	before := r.last
	if err := r.base.Tree.Apply(txn); err != nil {
		return err
	}
	if r.report.Applied == 0 {
		r.report.First = txn.Zxid
	}
	r.report.Applied++
	r.last, r.report.Last = txn.Zxid, txn.Zxid
	if changesRoot(txn.Body) {
		r.rooted = txn.Zxid
	}
	return r.compare(txn, before)
}

// follows tells whether got can come right after prev. A standalone server counts past the end of an epoch, a
// new leader starts its own at 1.
func follows(prev, got zookeeper.Zxid) bool {
	return got == prev+1 || got.Epoch() > prev.Epoch() && got.Counter() == 1
}

func (r *Replay) compare(txn txnlog.Txn, before zookeeper.Zxid) error {
	if txn.Digest == nil || txn.Digest.Version != digestVersion {
		r.report.Absent++
		r.checkTrailer()
		return nil
	}
	want := txn.Digest.Tree
	if c, ok := r.base.Tree.Digests().Find(want); ok {
		r.right(c)
		return nil
	}
	if r.fuzzy() {
		r.tolerate(want, before)
		return nil
	}
	if r.cleanUp(want, before) || r.doubt() {
		return nil
	}
	return &DigestMismatch{Zxid: txn.Zxid, Want: want, Got: r.base.Tree.Digest(), Good: r.report.Proven}
}

// tolerate passes over a digest that is not right because the base is still fuzzy. Where the end of that is not
// known, the difference may as well be a cleanup; looking for one takes time, so it is done ever more rarely.
func (r *Replay) tolerate(want uint64, before zookeeper.Zxid) {
	if seldom := r.report.Fuzzy&(r.report.Fuzzy-1) == 0; r.open && seldom && r.cleanUp(want, before) {
		return
	}
	r.report.Fuzzy++
	r.wrong = true
}

func (r *Replay) right(c tree.Charset) {
	r.report.Right++
	r.report.Proven, r.report.Charset = r.last, c
	r.report.Doubt = 0
	r.open, r.wrong = false, false
}

// fuzzy tells whether the tree may hold part of transactions that have not been applied.
func (r *Replay) fuzzy() bool {
	return r.open || r.base.End != nil && r.last <= *r.base.End
}

// checkTrailer compares the snapshot's own digest when the replay is where it was taken. A difference proves
// nothing: the snapshot of a server that has just started has the digest from before its cleanup.
func (r *Replay) checkTrailer() {
	d := r.base.Digest
	if d == nil || d.Version != digestVersion || d.Zxid == 0 || d.Zxid != r.last {
		return
	}
	if c, ok := r.base.Tree.Digests().Find(d.Tree); ok {
		r.right(c)
	}
}

// cleanUp tries whether the tree has the digest want once the nodes of unknown sessions are gone, and if so
// deletes them. The parents' pzxid tells when that happened: after the record before, or after the last digest
// that was right, when the records since then have none, or as the first thing a new leader did.
func (r *Replay) cleanUp(want uint64, before zookeeper.Zxid) bool {
	for _, ttl := range []bool{false, true} {
		paths := r.base.Tree.Orphans(ttl)
		if len(paths) == 0 {
			continue
		}
		for _, at := range []zookeeper.Zxid{before, max(r.report.Proven, r.base.Start), zookeeper.MakeZxid(r.last.Epoch(), 0)} {
			c, ok := r.base.Tree.DigestsWithout(paths, at).Find(want)
			if !ok || at > r.last || r.base.Tree.Delete(paths, at) != nil {
				continue
			}
			r.report.Cleanups = append(r.report.Cleanups, Cleanup{Before: r.last, Paths: paths})
			r.right(c)
			return true
		}
	}
	return false
}

// Report tells what has been done and proven so far.
func (r *Replay) Report() Report {
	report := r.report
	report.Cleanups = slices.Clone(report.Cleanups)
	report.Dangling = r.base.Tree.Dangling()
	report.Proof = r.proof()
	return report
}

func (r *Replay) proof() Proof {
	switch {
	case r.wrong:
		return ProofNone
	case r.report.Doubt != 0 && r.report.Proven.Epoch() != r.last.Epoch():
		return ProofNone
	case r.report.Right > 0:
		return ProofDigest
	case r.report.Doubt != 0, r.base.End == nil, r.last < *r.base.End:
		return ProofNone
	}
	return ProofCounters
}
