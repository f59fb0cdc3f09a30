package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"time"

	"github.com/zkark/zkark/internal/timetravel"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/snapshot"
	"github.com/zkark/zkark/internal/zookeeper/tree"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

// runner does one thing and says how long it took.
type runner func(context.Context) (time.Duration, error)

// race is the same work done by both.
type race struct {
	what             string
	bytes            int64
	zookeeper, zkark runner
}

func races(zkark string, j java, log, snap dataDir) []race {
	logSize := log.size - log.snapSize
	return []race{
		{"print a log (TxnLogToolkit, zkark inspect)", logSize, j.printLog(log), inspect(zkark, log.path(log.log))},
		{"print a snapshot (SnapshotFormatter, inspect)", snap.size, j.printSnapshot(snap), inspect(zkark, "--nodes", snap.path(snap.snapshot))},
		{"scan a log with its checksums", logSize, j.scan(log), scan(log)},
		{"load a log into the tree, with its digests", log.size, j.load(log), load(log)},
		{"load a snapshot into the tree", snap.size, j.load(snap), load(snap)},
	}
}

// run runs ZooKeeper, then zkark, and prints a line.
func (r race) run(ctx context.Context) error {
	theirs, err := r.zookeeper(ctx)
	if err != nil {
		return err
	}
	runtime.GC() // what the last race left is not this one's
	ours, err := r.zkark(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("%-46s %6d MiB %10.2f s %10.2f s %6.1f ×\n", r.what, r.bytes>>20, theirs.Seconds(), ours.Seconds(), theirs.Seconds()/ours.Seconds())
	return nil
}

func (j java) printLog(d dataDir) runner {
	class := "org.apache.zookeeper.server.persistence.TxnLogToolkit"
	if !j.release.AtLeast(3, 5) {
		class = "org.apache.zookeeper.server.LogFormatter"
	}
	return func(ctx context.Context) (time.Duration, error) { return j.tool(ctx, class, d.path(d.log)) }
}

func (j java) printSnapshot(d dataDir) runner {
	return func(ctx context.Context) (time.Duration, error) {
		return j.tool(ctx, "org.apache.zookeeper.server.SnapshotFormatter", d.path(d.snapshot))
	}
}

func (j java) scan(d dataDir) runner {
	want := fmt.Sprintf("%d transactions", int64(d.lastZxid))
	return func(ctx context.Context) (time.Duration, error) { return j.bench(ctx, "scan", d, want) }
}

func (j java) load(d dataDir) runner {
	want := loaded(d.nodes, d.lastZxid)
	return func(ctx context.Context) (time.Duration, error) { return j.bench(ctx, "load", d, want) }
}

func loaded(nodes int, zxid zookeeper.Zxid) string {
	return fmt.Sprintf("%d znodes at %s", nodes, zxid)
}

func inspect(zkark string, args ...string) runner {
	return func(ctx context.Context) (time.Duration, error) {
		return timeCommand(exec.CommandContext(ctx, zkark, append([]string{"inspect"}, args...)...))
	}
}

func scan(d dataDir) runner {
	return func(context.Context) (time.Duration, error) {
		start := time.Now()
		f, err := os.Open(d.path(d.log))
		if err != nil {
			return 0, fmt.Errorf("scan a log: %w", err)
		}
		defer f.Close()
		reader := txnlog.NewReader(f, d.log)
		var records zookeeper.Zxid
		for {
			record, err := reader.Next()
			if errors.Is(err, io.EOF) && records == d.lastZxid {
				return time.Since(start), nil
			}
			if err == nil {
				_, err = record.Decode() // ZooKeeper's iterator decodes too
			}
			if err != nil {
				return 0, fmt.Errorf("scan a log: after %d records: %w", records, err)
			}
			records++
		}
	}
}

// load does what a restore's proof does: the snapshot into a tree, then every record with its digest.
func load(d dataDir) runner {
	return func(ctx context.Context) (time.Duration, error) {
		start := time.Now()
		t, err := loadSnapshot(d)
		if err == nil && d.log != "" {
			t, err = replay(ctx, d, t)
		}
		if err != nil {
			return 0, fmt.Errorf("load %s: %w", d.root, err)
		}
		took := time.Since(start)
		if got, want := loaded(t.Len(), t.LastZxid()), loaded(d.nodes, d.lastZxid); got != want {
			return 0, fmt.Errorf("load %s: got %s, want %s", d.root, got, want)
		}
		return took, nil
	}
}

func loadSnapshot(d dataDir) (*tree.Tree, error) {
	f, err := os.Open(d.path(d.snapshot))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	reader, err := snapshot.NewReader(f, d.snapshot, zookeeper.Plain)
	if err != nil {
		return nil, err
	}
	return tree.Load(reader, d.snapshotZxid)
}

func replay(ctx context.Context, d dataDir, t *tree.Tree) (*tree.Tree, error) {
	f, err := os.Open(d.path(d.log))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := timetravel.New(timetravel.Base{Tree: t, Start: d.snapshotZxid, End: &d.snapshotZxid})
	if err := r.Run(ctx, txnlog.NewReader(f, d.log), d.lastZxid); err != nil {
		return nil, err
	}
	if report := r.Report(); report.Proof != timetravel.ProofDigest {
		return nil, fmt.Errorf("the replay is not proven: %s", report)
	}
	return r.Tree(), nil
}
