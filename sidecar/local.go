package sidecar

import (
	"context"
	"io"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/sidecar/tail"
	"github.com/zkark/zkark/uploader"
)

// local shows the uploader what tail knows.
type local struct{ tail *tail.Tail }

// Runs are tail's runs.
func (l local) Runs() []uploader.Run {
	var runs []uploader.Run
	for _, r := range l.tail.Runs() {
		runs = append(runs, uploader.Run{
			First: r.First, Last: r.Last, Prev: r.Prev, Linked: r.Linked, Bytes: r.Bytes,
			Open: func(ctx context.Context, from zookeeper.Zxid) (uploader.Records, error) {
				records, err := l.tail.Open(ctx, r, from)
				if err != nil {
					return nil, err
				}
				return records, nil
			},
		})
	}
	return runs
}

// Forget lets go of what is only held.
func (l local) Forget() error { return l.tail.Forget() }

// Snapshots are tail's snapshots.
func (l local) Snapshots() []uploader.Snapshot {
	var snapshots []uploader.Snapshot
	for _, s := range l.tail.Snapshots() {
		snapshots = append(snapshots, uploader.Snapshot{
			Name: s.Name, Start: s.Start, Compression: s.Compression, Size: s.Size, Time: s.ModTime,
			CopyTo: func(ctx context.Context, w io.Writer) (zookeeper.Zxid, error) { return l.tail.CopySnapshot(ctx, s, w) },
		})
	}
	return snapshots
}
