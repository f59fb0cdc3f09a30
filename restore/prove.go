package restore

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"

	"github.com/zkark/zkark/internal/timetravel"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/snapshot"
	"github.com/zkark/zkark/internal/zookeeper/tree"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

// prove reads back from disk what the server will read, replays it, and compares the tree with every digest that
// ZooKeeper recorded on the way. Its errors wrap ErrNotProven, except for a disk that does not read and an end of the context.
func prove(ctx context.Context, b built) (timetravel.Report, error) {
	replay, err := start(b)
	if err != nil {
		return timetravel.Report{}, err
	}
	for _, path := range b.logs {
		if err := replayLog(ctx, replay, path); err != nil {
			return replay.Report(), notProven(err)
		}
	}
	report := replay.Report()
	switch {
	case report.Last != b.plan.Target:
		return report, fmt.Errorf("%w: it ends at %s, not at %s", ErrNotProven, report.Last, b.plan.Target)
	case !report.Sound():
		return report, fmt.Errorf("%w: %s", ErrNotProven, report)
	}
	return report, nil
}

func start(b built) (*timetravel.Replay, error) {
	t, err := loadTree(b.snapshot, b.plan.Base.Start)
	if err != nil {
		return nil, notProven(err)
	}
	end := b.plan.Base.End
	return timetravel.New(timetravel.Base{Tree: t, Start: b.plan.Base.Start, End: &end, Digest: b.trailer.Digest}), nil
}

func loadTree(path string, start zookeeper.Zxid) (*tree.Tree, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, err := snapshot.NewReader(bufio.NewReaderSize(f, 1<<20), filepath.Base(path), zookeeper.Plain)
	if err != nil {
		return nil, err
	}
	return tree.Load(r, start)
}

func replayLog(ctx context.Context, replay *timetravel.Replay, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	r := txnlog.NewReader(f, filepath.Base(path))
	if err := replay.Run(ctx, r, math.MaxUint64); err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if r.Offset() != info.Size() {
		return fmt.Errorf("%s: %d bytes behind the last record: %w", filepath.Base(path), info.Size()-r.Offset(), io.ErrUnexpectedEOF)
	}
	return nil
}

// notProven keeps failures of the disk and the end of the context what they are.
func notProven(err error) error {
	var path *os.PathError
	if errors.As(err, &path) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("prove: %w", err)
	}
	return fmt.Errorf("%w: %w", ErrNotProven, err)
}
