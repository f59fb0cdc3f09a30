package restore

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"

	"github.com/zkark/zkark/internal/timetravel"
	"github.com/zkark/zkark/internal/zookeeper/snapshot"
	"github.com/zkark/zkark/internal/zookeeper/tree"
)

// proof is a proven tree, and what it came from.
type proof struct {
	replay   *timetravel.Replay
	report   timetravel.Report
	trailer  snapshot.Trailer // of the base
	snapshot string           // path of the one that the base was turned into
	atEnd    tree.Digests     // of the base where it is consistent
}

// prove turns the base into the snapshot that the server will load, reads everything back from disk, replays it, and compares
// the tree with every digest that ZooKeeper recorded on the way. It begins while the logs are still being written, and waits for what
// it needs. Its errors wrap ErrNotProven, except for a disk that does
// not work and an end of the context.
func prove(ctx context.Context, b built) (*proof, error) {
	p, err := settle(ctx, b)
	if err != nil {
		return nil, notProven(err)
	}
	if err := b.replay(ctx, p.replay, math.MaxUint64); err != nil {
		return nil, notProven(err)
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

// notProven keeps failures of the disk and the end of the context what they are.
func notProven(err error) error {
	var path *os.PathError
	if errors.As(err, &path) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("prove: %w", err)
	}
	return fmt.Errorf("%w: %w", ErrNotProven, err)
}
