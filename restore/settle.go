package restore

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/zkark/zkark/internal/timetravel"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/snapshot"
	"github.com/zkark/zkark/internal/zookeeper/tree"
)

// settle replays the base up to where it is consistent and writes that state as the one snapshot. A server that loaded the
// base itself would complain of digests that do not match until then, unless its own trailer told it not to. The
// replay that it returns has read the snapshot back.
func settle(ctx context.Context, b built) (*proof, error) {
	t, trailer, err := b.start(ctx)
	if err != nil {
		return nil, err
	}
	start, end := b.plan.Base.Start, b.plan.Base.End
	replay := timetravel.New(timetravel.Base{Tree: t, Start: start, End: &end, Digest: trailer.Digest})
	if err := b.replay(ctx, replay, end); err != nil {
		return nil, err
	}
	if t.LastZxid() != end {
		return nil, fmt.Errorf("the base is consistent at %s, and the records after it end at %s", end, t.LastZxid())
	}
	path := filepath.Join(b.dir, zookeeper.SnapshotName(end, zookeeper.Plain))
	if err := b.step("settle"); err != nil {
		return nil, err
	}
	err = writeFile(b.behind, path, func(w io.Writer) error {
		return t.WriteSnapshot(w, trailerLike(trailer, t, replay.Report().Charset, end))
	})
	if err != nil {
		return nil, err
	}
	p := &proof{replay: replay, trailer: trailer, snapshot: path, atEnd: t.Digests()}
	return p, replay.Reload(func() (*tree.Tree, error) {
		t, _, err := loadTree(path, end)
		return t, err
	})
}

// start is where the replay starts, and what the base told behind its nodes.
func (b built) start(ctx context.Context) (*tree.Tree, snapshot.Trailer, error) {
	if b.plan.FromEmpty {
		return b.startEmpty(ctx)
	}
	select {
	case l := <-b.base:
		return l.tree, l.trailer, l.err
	case <-ctx.Done():
		return nil, snapshot.Trailer{}, ctx.Err()
	}
}

// startEmpty is the tree before the first transaction of all. Digests tell that the server was of 3.6 or later; without any it is
// taken for one of 3.4, because later ones write their empty tree into a snapshot.
func (b built) startEmpty(ctx context.Context) (*tree.Tree, snapshot.Trailer, error) {
	records := b.logs.follow(ctx)
	defer records.close()
	rec, err := records.Next()
	if err != nil {
		return nil, snapshot.Trailer{}, err
	}
	txn, err := rec.Decode()
	if err != nil || txn.Digest == nil {
		return tree.NewBefore35(), snapshot.Trailer{}, err
	}
	return tree.New(), snapshot.Trailer{Digest: &snapshot.Digest{Version: txn.Digest.Version}}, nil
}

// trailerLike has the parts that the base's has, so that what loads the original without a remark loads this one, and tells
// of the tree as it is now, in a snapshot of the zxid last. Which parts a server looks for depends on its release and its flags.
func trailerLike(original snapshot.Trailer, t *tree.Tree, c tree.Charset, last zookeeper.Zxid) snapshot.Trailer {
	var trailer snapshot.Trailer
	if original.Digest != nil {
		trailer.Digest = &snapshot.Digest{Zxid: last, Version: original.Digest.Version, Tree: t.Digests()[c]}
	}
	if original.LastZxid != nil {
		trailer.LastZxid = &last
	}
	return trailer
}

func loadTree(path string, start zookeeper.Zxid) (*tree.Tree, snapshot.Trailer, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, snapshot.Trailer{}, err
	}
	defer f.Close()
	return readTree(f, filepath.Base(path), start)
}

// readTree reads in a goroutine of its own what is loaded here.
func readTree(from io.Reader, name string, start zookeeper.Zxid) (*tree.Tree, snapshot.Trailer, error) {
	bytes := readAhead(from)
	defer bytes.close()
	r, err := snapshot.NewReader(bytes, name, zookeeper.Plain)
	if err != nil {
		return nil, snapshot.Trailer{}, err
	}
	t, err := tree.Load(r, start)
	if err != nil {
		return nil, snapshot.Trailer{}, err
	}
	return t, r.Trailer(), nil
}

// replay runs the records of the logs from the first on, as they are read back from disk.
func (b built) replay(ctx context.Context, replay *timetravel.Replay, until zookeeper.Zxid) error {
	records := b.logs.follow(ctx)
	defer records.close()
	return replay.Run(ctx, records, until)
}
