package restore

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/zkark/zkark/internal/timetravel"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/tree"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

// Tree rebuilds the state at a point in memory, with the same proof as Run. It works in cfg.DataDir, a directory of the caller's
// that is no server's and is empty; of cfg only Bucket, Timeline, To, Now, Observe and Identities count besides.
func Tree(ctx context.Context, cfg Config) (*tree.Tree, Report, error) {
	cfg.LogDir, cfg.Clients, cfg.Quorum = cfg.DataDir, nil, true
	report, err := Run(ctx, cfg)
	if err != nil {
		return nil, report, err
	}
	t, err := readDirectory(ctx, filepath.Join(cfg.DataDir, zookeeper.VersionDir))
	return t, report, err
}

// readDirectory loads the one snapshot of a directory that Run made, and replays the logs beside it.
func readDirectory(ctx context.Context, dir string) (*tree.Tree, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var replay *timetravel.Replay
	var logs []zookeeper.Zxid
	for _, e := range entries {
		if first, ok := zookeeper.ParseLogName(e.Name()); ok {
			logs = append(logs, first)
		}
		start, _, ok := zookeeper.ParseSnapshotName(e.Name())
		if !ok {
			continue
		}
		t, _, err := loadTree(filepath.Join(dir, e.Name()), start)
		if err != nil {
			return nil, err
		}
		replay = timetravel.New(timetravel.Base{Tree: t, Start: start, End: &start})
	}
	if replay == nil {
		return nil, fmt.Errorf("%s: no snapshot in what was restored", dir)
	}
	slices.SortFunc(logs, cmp.Compare[zookeeper.Zxid])
	for _, first := range logs {
		if err := replayUntil(ctx, replay, filepath.Join(dir, zookeeper.LogName(first)), math.MaxUint64); err != nil {
			return nil, err
		}
	}
	return replay.Tree(), nil
}

func replayUntil(ctx context.Context, replay *timetravel.Replay, path string, until zookeeper.Zxid) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return replay.Run(ctx, txnlog.NewReader(f, filepath.Base(path)), until)
}
