package restore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"

	"github.com/zkark/zkark/internal/timetravel"
	"github.com/zkark/zkark/internal/zookeeper/snapshot"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

// proof is a proven tree, and what it came from.
type proof struct {
	replay   *timetravel.Replay
	report   timetravel.Report
	trailer  snapshot.Trailer // of the base
	snapshot string           // path of the one that the base was turned into
}

// prove turns the base into the snapshot that the server will load, reads everything back from disk, replays it, and compares
// the tree with every digest that ZooKeeper recorded on the way. Its errors wrap ErrNotProven, except for a disk that does
// not work and an end of the context.
func prove(ctx context.Context, b built) (*proof, error) {
	p, err := settle(ctx, b)
	if err != nil {
		return nil, notProven(err)
	}
	for _, path := range b.logs {
		if err := replayLog(ctx, p.replay, path); err != nil {
			return nil, notProven(err)
		}
	}
	p.report = p.replay.Report()
	switch {
	case p.report.Last != b.plan.Target:
		return nil, fmt.Errorf("%w: it ends at %s, not at %s", ErrNotProven, p.report.Last, b.plan.Target)
	case !p.report.Sound():
		return nil, fmt.Errorf("%w: %s", ErrNotProven, p.report)
	}
	return p, nil
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
