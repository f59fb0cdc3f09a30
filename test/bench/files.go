package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/snapshot"
	"github.com/zkark/zkark/internal/zookeeper/tree"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

// dataDir is a directory that a server could boot from.
type dataDir struct {
	root           string
	snapshot, log  string // file names; log is "" when there is none
	snapshotZxid   zookeeper.Zxid
	lastZxid       zookeeper.Zxid
	snapSize, size int64 // bytes: of the snapshot, of both files
	nodes          int   // after the last transaction
}

// history makes transactions one after the other: half of them create a znode, half of them write to an older one.
type history struct {
	tree *tree.Tree
	zxid zookeeper.Zxid
	data func(bytes int) []byte // what znodes hold; nil for a number with zeros before it
}

func (h *history) content(bytes int) []byte {
	if h.data != nil {
		return h.data(bytes)
	}
	return fmt.Appendf(nil, "%0*d", bytes, h.zxid)
}

func (h *history) create() txnlog.Txn {
	n := int(h.zxid)
	parent := fmt.Sprintf("/bench/dir-%03d", n%1000)
	node, _ := h.tree.Get(parent)
	return h.next(txnlog.TypeCreate, txnlog.Create{
		Path: fmt.Sprintf("%s/znode-%08d", parent, n), Data: h.content(40),
		ACL: openACL(), ParentCversion: node.Stat.Cversion + 1,
	})
}

func (h *history) overwrite(of int) txnlog.Txn {
	path := fmt.Sprintf("/bench/dir-%03d/znode-%08d", of%1000, of)
	node, _ := h.tree.Get(path)
	return h.next(txnlog.TypeSetData, txnlog.SetData{
		Path: path, Data: h.content(75), Version: node.Stat.Version + 1,
	})
}

func (h *history) directory(path string) txnlog.Txn {
	return h.next(txnlog.TypeCreate, txnlog.Create{Path: path, ACL: openACL(), ParentCversion: int32(h.zxid) + 1})
}

func (h *history) next(t txnlog.Type, body txnlog.Body) txnlog.Txn {
	h.zxid++
	header := txnlog.Header{Session: 0x100000000000001, Cxid: int32(h.zxid), Zxid: h.zxid, Time: 1_760_000_000_000 + int64(h.zxid), Type: t}
	return txnlog.Txn{Header: header, Body: body}
}

func openACL() []zookeeper.ACL {
	return []zookeeper.ACL{{Perms: 31, Scheme: "world", ID: "anyone"}}
}

// each makes the directories and then count transactions, creates only or mixed, applies them and hands them over.
func (h *history) each(count int, mixed bool, use func(txnlog.Txn) error) error {
	const directories = 1000
	step := func(txn txnlog.Txn) error {
		if err := h.tree.Apply(txn); err != nil {
			return fmt.Errorf("make a transaction: %w", err)
		}
		txn.Digest = &txnlog.Digest{Version: 2, Tree: h.tree.Digest()}
		return use(txn)
	}
	if err := step(h.directory("/bench")); err != nil {
		return err
	}
	for i := range directories {
		if err := step(h.directory(fmt.Sprintf("/bench/dir-%03d", i))); err != nil {
			return err
		}
	}
	for i := range count - directories - 1 {
		txn := h.create
		if mixed && i%2 == 1 {
			last := int(h.zxid) - 1 // the create just before
			txn = func() txnlog.Txn { return h.overwrite(last) }
		}
		if err := step(txn()); err != nil {
			return err
		}
	}
	return nil
}

func (h *history) writeSnapshot(w io.Writer) error {
	return h.tree.WriteSnapshot(w, snapshot.Trailer{})
}

// writeLog makes a directory with the snapshot of an empty tree and one log of count transactions of about 150 bytes.
func writeLog(root string, count int) (dataDir, error) {
	h := &history{tree: tree.New()}
	d := dataDir{root: root, snapshot: zookeeper.SnapshotName(0, zookeeper.Plain), log: zookeeper.LogName(1)}
	if err := d.create(d.snapshot, h.writeSnapshot); err != nil {
		return d, err
	}
	err := d.create(d.log, func(w io.Writer) error {
		log, err := txnlog.NewWriter(w)
		if err != nil {
			return err
		}
		return h.each(count, true, func(txn txnlog.Txn) error { return log.Append(txnlog.Encode(txn)) })
	})
	d.lastZxid, d.nodes = h.zxid, h.tree.Len()
	return d, d.measure(err)
}

// writeSnapshot makes a directory with one snapshot of about count znodes.
func writeSnapshot(root string, count int) (dataDir, error) {
	h := &history{tree: tree.New()}
	if err := h.each(count, false, func(txnlog.Txn) error { return nil }); err != nil {
		return dataDir{}, err
	}
	d := dataDir{root: root, snapshot: zookeeper.SnapshotName(h.zxid, zookeeper.Plain), snapshotZxid: h.zxid, lastZxid: h.zxid, nodes: h.tree.Len()}
	return d, d.measure(d.create(d.snapshot, h.writeSnapshot))
}

func (d *dataDir) path(name string) string {
	return filepath.Join(d.root, zookeeper.VersionDir, name)
}

func (d *dataDir) create(name string, write func(io.Writer) error) error {
	if err := os.MkdirAll(filepath.Dir(d.path(name)), 0o755); err != nil {
		return fmt.Errorf("make a data directory: %w", err)
	}
	f, err := os.Create(d.path(name))
	if err != nil {
		return fmt.Errorf("make %s: %w", name, err)
	}
	defer f.Close() // an error that matters shows in Flush
	w := bufio.NewWriterSize(f, 1<<20)
	if err := write(w); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return w.Flush()
}

func (d *dataDir) measure(err error) error {
	for _, name := range []string{d.snapshot, d.log} {
		if err != nil || name == "" {
			continue
		}
		var info os.FileInfo
		if info, err = os.Stat(d.path(name)); err == nil {
			d.size += info.Size()
			if name == d.snapshot {
				d.snapSize = info.Size()
			}
		}
	}
	return err
}
