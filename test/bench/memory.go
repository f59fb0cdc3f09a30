package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/snapshot"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
	"github.com/zkark/zkark/test/loop"
)

const (
	memoryTxns  = 10_000_000
	memoryNodes = 1_000_000
	memoryBound = 64 << 20 // bytes that the sidecar may have resident
)

// measureMemory has a sidecar archive a log of ten million transactions and a snapshot of a gigabyte, and tells the most that it had
// resident meanwhile. More than memoryBound is an error.
func measureMemory(ctx context.Context, zkark string) (err error) {
	dir, err := os.MkdirTemp("", "zkark-bench-")
	if err != nil {
		return fmt.Errorf("make a directory for the files: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	fmt.Fprintln(os.Stderr, "writing a log and a snapshot …")
	d, err := writeLarge(filepath.Join(dir, "data"))
	if err != nil {
		return err
	}
	peak, err := archiveAll(ctx, zkark, dir, d)
	if err != nil {
		return err
	}
	fmt.Printf("a log of %d transactions and a snapshot of %d MiB with %d znodes: the sidecar had at most %d MiB resident\n",
		memoryTxns, d.snapSize>>20, d.nodes, peak>>20)
	if peak > memoryBound {
		return fmt.Errorf("that is more than %d MiB", memoryBound>>20)
	}
	return nil
}

func archiveAll(ctx context.Context, zkark, dir string, d dataDir) (peak int64, err error) {
	z := loop.Zkark{Binary: zkark, Archive: filepath.Join(dir, "archive"), ZooCfg: filepath.Join(dir, "zoo.cfg")}
	if err := os.Mkdir(z.Archive, 0o755); err != nil {
		return 0, fmt.Errorf("make the archive: %w", err)
	}
	if err := os.WriteFile(z.ZooCfg, []byte("dataDir="+d.root+"\nclientPort=1\n"), 0o644); err != nil { // nobody answers there
		return 0, fmt.Errorf("write zoo.cfg: %w", err)
	}
	sidecar, err := z.StartSidecar(filepath.Join(dir, "sidecar.log"))
	if err != nil {
		return 0, err
	}
	defer sidecar.Kill()
	fmt.Fprintln(os.Stderr, "archiving them …")
	for {
		a, err := loop.WaitArchived(ctx, z.Archive, d.lastZxid)
		if err != nil {
			return 0, err
		}
		if based, err := filepath.Glob(filepath.Join(z.Archive, "timelines", "*", "snapshot", "*")); err != nil || len(based) > 0 && a.Newest == d.lastZxid {
			return sidecar.PeakMemory()
		}
	}
}

// writeLarge makes a directory with a snapshot of a gigabyte and a log of overwrites that follows it. It holds no tree: one of a gigabyte
// takes too long to apply ten million transactions to, and the sidecar never applies any.
func writeLarge(root string) (dataDir, error) {
	h := &history{zxid: 1_002_001}
	d := dataDir{root: root, snapshotZxid: h.zxid, snapshot: zookeeper.SnapshotName(h.zxid, zookeeper.Plain), log: zookeeper.LogName(h.zxid + 1)}
	if err := d.create(d.snapshot, d.writeLargeNodes); err != nil {
		return d, err
	}
	err := d.create(d.log, func(w io.Writer) error {
		log, err := txnlog.NewWriter(w)
		if err != nil {
			return err
		}
		for i := range memoryTxns {
			set := txnlog.SetData{Path: largePath(i % memoryNodes), Data: fmt.Appendf(nil, "%075d", i), Version: int32(i/memoryNodes) + 1}
			if err := log.Append(txnlog.Encode(h.next(txnlog.TypeSetData, set))); err != nil {
				return err
			}
		}
		return nil
	})
	d.lastZxid = h.zxid
	return d, d.measure(err)
}

func largePath(i int) string { return fmt.Sprintf("/bench-%08d", i) }

func (d *dataDir) writeLargeNodes(w io.Writer) error {
	nodes, err := snapshot.NewWriter(w, nil, []snapshot.ACLEntry{{ID: 1, ACL: openACL()}})
	if err != nil {
		return err
	}
	stat := zookeeper.Stat{Cversion: memoryNodes, Pzxid: d.snapshotZxid}
	if err := nodes.Write(snapshot.Node{ACL: 1, Stat: stat}); err != nil {
		return err
	}
	data := bytes.Repeat([]byte("d"), 1000)
	for i := range memoryNodes {
		z := zookeeper.Zxid(i + 1)
		if err := nodes.Write(snapshot.Node{Path: largePath(i), Data: data, ACL: 1, Stat: zookeeper.Stat{Czxid: z, Mzxid: z, Pzxid: z}}); err != nil {
			return err
		}
		d.nodes++
	}
	return nodes.Close(snapshot.Trailer{})
}
