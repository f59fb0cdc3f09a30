package tail

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/snapshot"
)

// CopySnapshot writes the snapshot to w, unpacked and with every byte that the server wrote, and proves on the way that it is
// sealed: it decodes whole, every seal is good, nothing follows, and the file was not touched meanwhile. Only when the
// error is nil is what w got a snapshot. An error wraps snapshot.ErrUnsealed or ErrChanged when the server may still be writing.
//
// End is the highest zxid that the snapshot may hold effects of: what the file tells, or else the last record in the log as
// seen after the file was complete.
func (t *Tail) CopySnapshot(ctx context.Context, s Snapshot, w io.Writer) (end zookeeper.Zxid, err error) {
	trailer, err := t.decode(ctx, s, w)
	if err != nil {
		return 0, err
	}
	if applied := applied(trailer); applied >= s.Start {
		return applied, nil
	}
	if _, err := t.Look(ctx); err != nil {
		return 0, err
	}
	end = s.Start
	for _, l := range t.snapshotOfState().Logs {
		end = max(end, l.last())
	}
	return end, nil
}

// applied is the last transaction that a snapshot tells it holds, or 0.
func applied(t snapshot.Trailer) zookeeper.Zxid {
	var z zookeeper.Zxid
	if t.Digest != nil {
		z = t.Digest.Zxid
	}
	if t.LastZxid != nil {
		z = max(z, *t.LastZxid)
	}
	return z
}

func (t *Tail) decode(ctx context.Context, s Snapshot, w io.Writer) (snapshot.Trailer, error) {
	f, err := os.Open(filepath.Join(t.snapshotDir, s.Name))
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w: %w", ErrChanged, err)
	}
	if err != nil {
		return snapshot.Trailer{}, err
	}
	defer f.Close()
	if err := sameAs(f, s); err != nil {
		return snapshot.Trailer{}, err
	}
	r, err := snapshot.NewReader(contextReader{ctx, f}, f.Name(), s.Compression, snapshot.CopyTo(w))
	for err == nil {
		_, err = r.Next()
	}
	if !errors.Is(err, io.EOF) {
		return snapshot.Trailer{}, err
	}
	return r.Trailer(), sameAs(f, s)
}

// sameAs tells whether the open file is the snapshot that was listed, and has not been written to since.
func sameAs(f *os.File, s Snapshot) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !unchanged(info, s.info) {
		return fmt.Errorf("read %s: %w", f.Name(), ErrChanged)
	}
	return nil
}

// contextReader ends reading when the context ends.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := context.Cause(c.ctx); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// fact is what an artificial snapshot told, for as long as the file stays as it is.
type fact struct {
	of      Snapshot
	applied zookeeper.Zxid
}

// snapshotFacts tells what linking needs of the snapshots. Only a new leader's artificial ones are looked into, and only
// when records that begin an epoch are to be linked. One that cannot be read tells nothing.
func (t *Tail) snapshotFacts(ctx context.Context, snapshots []Snapshot, seen []SeenLog) []SnapshotFact {
	facts := make([]SnapshotFact, 0, len(snapshots))
	for _, s := range snapshots {
		f := SnapshotFact{Start: s.Start}
		if s.Start != 0 && s.Start.Counter() == 0 && beginsEpoch(seen) {
			f.Applied = t.appliedBy(ctx, s)
		}
		facts = append(facts, f)
	}
	return facts
}

func beginsEpoch(seen []SeenLog) bool {
	for _, l := range seen {
		for _, r := range l.Added {
			if r.First.Counter() == 1 {
				return true
			}
		}
	}
	return false
}

func (t *Tail) appliedBy(ctx context.Context, s Snapshot) zookeeper.Zxid {
	if known, ok := t.facts[s.Name]; ok && unchanged(known.of.info, s.info) {
		return known.applied
	}
	trailer, err := t.decode(ctx, s, io.Discard)
	if err != nil {
		return 0
	}
	z := zookeeper.Zxid(0)
	if trailer.Digest != nil {
		z = trailer.Digest.Zxid
	}
	t.facts[s.Name] = fact{s, z}
	return z
}
