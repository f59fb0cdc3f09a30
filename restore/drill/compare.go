package drill

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zkark/zkark/internal/timetravel"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/snapshot"
	"github.com/zkark/zkark/internal/zookeeper/tree"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

// ErrDiffers is wrapped when a server does not start with what was restored, or shows something else.
var ErrDiffers = errors.New("a real server does not show what was restored")

// config is the node that a server rewrites when it starts, by its own configuration.
const config = "/zookeeper/config"

// expected replays a restored directory: one plain snapshot and the logs behind it.
func expected(ctx context.Context, dataDir string) (*tree.Tree, error) {
	dir := filepath.Join(dataDir, zookeeper.VersionDir)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	t, start := tree.NewBefore35(), zookeeper.Zxid(0)
	var logs []zookeeper.Zxid
	for _, e := range entries {
		if z, _, ok := zookeeper.ParseSnapshotName(e.Name()); ok {
			if t, err = load(filepath.Join(dir, e.Name()), z); err != nil {
				return nil, err
			}
			start = z
		}
		if z, ok := zookeeper.ParseLogName(e.Name()); ok {
			logs = append(logs, z)
		}
	}
	slices.Sort(logs)
	replay := timetravel.New(timetravel.Base{Tree: t, Start: start, End: &start})
	for _, first := range logs {
		if err := run(ctx, replay, filepath.Join(dir, zookeeper.LogName(first))); err != nil {
			return nil, err
		}
	}
	return replay.Tree(), nil
}

func load(path string, start zookeeper.Zxid) (*tree.Tree, error) {
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

func run(ctx context.Context, replay *timetravel.Replay, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return replay.Run(ctx, txnlog.NewReader(f, filepath.Base(path)), math.MaxUint64)
}

// compare reads every znode by the client protocol, and returns how many there are.
func compare(ctx context.Context, address string, want *tree.Tree) (int, error) {
	conn, _, err := zk.Connect([]string{address}, time.Minute, zk.WithLogger(silent{}), zk.WithLogInfo(false))
	if err != nil {
		return 0, fmt.Errorf("connect to the server: %w", err)
	}
	defer conn.Close()
	gone := want.Orphans(true) // a starting server removes the nodes of sessions that nobody has
	seen := 0
	err = want.Walk(func(n tree.Node) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if n.Path == config || slices.Contains(gone, n.Path) {
			return nil
		}
		seen++
		return compareNode(conn, n, want.Children(n.Path), gone)
	})
	return seen, err
}

func compareNode(conn *zk.Conn, n tree.Node, children, gone []string) error {
	data, stat, err := conn.Get(n.Path)
	if err != nil {
		return fmt.Errorf("%w: read %s: %w", ErrDiffers, n.Path, err)
	}
	names, _, err := conn.Children(n.Path)
	if err != nil {
		return fmt.Errorf("%w: read the children of %s: %w", ErrDiffers, n.Path, err)
	}
	slices.Sort(names)
	children = slices.DeleteFunc(children, func(name string) bool {
		return slices.Contains(gone, strings.TrimSuffix(n.Path, "/")+"/"+name)
	})
	switch {
	case !bytes.Equal(data, n.Data):
		return fmt.Errorf("%w: the data of %s is another", ErrDiffers, n.Path)
	case !sameStat(*stat, n.Stat):
		return fmt.Errorf("%w: the stat of %s is %+v, not %+v", ErrDiffers, n.Path, *stat, n.Stat)
	case !slices.Equal(names, children):
		return fmt.Errorf("%w: the children of %s are %.200q, not %.200q", ErrDiffers, n.Path, names, children)
	}
	return nil
}

// sameStat compares what a client is shown with what a snapshot holds. Cversion and pzxid of a parent whose children a starting server
// removes are the server's own.
func sameStat(got zk.Stat, want zookeeper.Stat) bool {
	return zookeeper.Zxid(got.Czxid) == want.Czxid && zookeeper.Zxid(got.Mzxid) == want.Mzxid && got.Ctime == want.Ctime &&
		got.Mtime == want.Mtime && got.Version == want.Version && got.Aversion == want.Aversion && got.EphemeralOwner == want.EphemeralOwner
}

type silent struct{}

func (silent) Printf(string, ...any) {}
