package restore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/store"
	"github.com/zkark/zkark/internal/store/mem"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/snapshot"
	"github.com/zkark/zkark/internal/zookeeper/tree"
	"github.com/zkark/zkark/internal/zookeeper/tree/treetest"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

// world is a random history, and an archive that holds all of it.
type world struct {
	bucket *mem.Bucket
	log    []txnlog.Txn
	dumps  map[zookeeper.Zxid]map[string]tree.Node
	to     []age.Recipient // of all segments and bases
}

const cluster = "c1"

// newWorld lets a model server live through steps transactions, some elections and some snapshots, and archives everything.
func newWorld(t testing.TB, seed uint64, steps int, to ...age.Recipient) *world {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 1))
	w := &world{bucket: mem.New(), dumps: map[zookeeper.Zxid]map[string]tree.Node{}, to: to}
	w.put(t, archive.IdentityKey, asJSON(t, archive.Identity{Format: archive.Format, Cluster: cluster}))
	server := treetest.NewServer(func(n int) int { return random.IntN(n) })
	step := func() {
		server.Step()
		w.dumps[server.Zxid()] = server.Dump()
	}
	w.base(t, server.Snapshot(func() {}))
	w.dumps[0] = server.Dump()
	for i := range steps {
		if i > 0 && random.IntN(60) == 0 {
			server.Elect()
		}
		if i > 0 && random.IntN(80) == 0 {
			w.base(t, server.Snapshot(func() {
				if random.IntN(4) == 0 {
					step()
				}
			}))
		}
		step()
	}
	w.log = server.Log
	w.segments(t, random)
	return w
}

func (w *world) put(t testing.TB, key string, content []byte) {
	t.Helper()
	if err := w.bucket.Put(context.Background(), key, store.BytesBody(content)); err != nil {
		t.Fatal(err)
	}
}

func asJSON(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (w *world) object(t testing.TB, key func(hash string) string, name string, file []byte) {
	t.Helper()
	var object bytes.Buffer
	meta := archive.Meta{Format: archive.Format, Cluster: cluster, File: name}
	e, err := archive.NewEncoder(&object, meta, w.to...)
	if err == nil {
		_, err = e.Write(file)
		err = errors.Join(err, e.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	w.put(t, archive.TimelinePrefix(1)+key(meta.ContentHash(sha256.Sum256(file))), object.Bytes())
}

func (w *world) base(t testing.TB, s *treetest.Snapshot) {
	t.Helper()
	var file bytes.Buffer
	out, err := snapshot.NewWriter(&file, s.Sessions(), s.ACLs())
	for err == nil {
		var n snapshot.Node
		if n, err = s.Next(); err == nil {
			err = out.Write(n)
		}
	}
	if err != io.EOF {
		t.Fatal(err)
	}
	if err := out.Close(snapshot.Trailer{LastZxid: &s.End}); err != nil {
		t.Fatal(err)
	}
	b := archive.Base{Start: s.Start, End: s.End, Time: time.UnixMilli(0), Encrypted: len(w.to) > 0}
	w.object(t, func(hash string) string { b.Hash = hash; return b.Key() }, zookeeper.SnapshotName(s.Start, zookeeper.Plain), file.Bytes())
}

// segments cuts the log at random places, and at every election.
func (w *world) segments(t testing.TB, random *rand.Rand) {
	t.Helper()
	var prev zookeeper.Zxid
	for from := 0; from < len(w.log); {
		to := from + 1
		for to < len(w.log) && w.log[to].Zxid.Epoch() == w.log[from].Zxid.Epoch() && random.IntN(20) > 0 {
			to++
		}
		w.segment(t, w.log[from:to], prev)
		prev = w.log[to-1].Zxid
		from = to
	}
}

func (w *world) segment(t testing.TB, txns []txnlog.Txn, prev zookeeper.Zxid) {
	t.Helper()
	var file bytes.Buffer
	out, err := txnlog.NewWriter(&file)
	for _, txn := range txns {
		err = errors.Join(err, out.Append(txnlog.Encode(txn)))
	}
	if err != nil {
		t.Fatal(err)
	}
	first, last := txns[0], txns[len(txns)-1]
	s := archive.Segment{First: first.Zxid, Last: last.Zxid, Prev: prev, Linked: true,
		FirstTime: time.UnixMilli(first.Time), LastTime: time.UnixMilli(last.Time), Encrypted: len(w.to) > 0}
	w.object(t, func(hash string) string { s.Hash = hash; return s.Key() }, zookeeper.LogName(first.Zxid), file.Bytes())
}

// keys are those of the segments or bases, in order.
func (w *world) keys(t testing.TB, below string) []string {
	t.Helper()
	var keys []string
	for o, err := range w.bucket.List(context.Background(), archive.TimelinePrefix(1)+below, "") {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, o.Key)
	}
	return keys
}

func (w *world) last() zookeeper.Zxid { return w.log[len(w.log)-1].Zxid }

// config is a standalone server's restore into a fresh directory.
func (w *world) config(t testing.TB) Config {
	t.Helper()
	dir := t.TempDir()
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	return Config{Bucket: w.bucket, DataDir: dir, LogDir: dir, To: archive.Latest(), KeepOld: true, Now: func() time.Time { return now }}
}

// load is what a server would find: the newest snapshot, and every record in every log after it.
func load(t testing.TB, cfg Config) *tree.Tree {
	t.Helper()
	var snaps, logs []string
	walkFiles(t, filepath.Join(cfg.DataDir, zookeeper.VersionDir), func(path string) { snaps = append(snaps, path) })
	walkFiles(t, filepath.Join(cfg.LogDir, zookeeper.VersionDir), func(path string) { logs = append(logs, path) })
	snaps = slices.DeleteFunc(snaps, func(p string) bool { _, _, ok := zookeeper.ParseSnapshotName(filepath.Base(p)); return !ok })
	logs = slices.DeleteFunc(logs, func(p string) bool { _, ok := zookeeper.ParseLogName(filepath.Base(p)); return !ok })
	if len(snaps) != 1 {
		t.Fatalf("%d snapshots, want one: %v", len(snaps), snaps)
	}
	start, _, _ := zookeeper.ParseSnapshotName(filepath.Base(snaps[0]))
	restored, _, err := loadTree(snaps[0], start)
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(logs, func(a, b string) int {
		x, _ := zookeeper.ParseLogName(filepath.Base(a))
		y, _ := zookeeper.ParseLogName(filepath.Base(b))
		return int(int64(x) - int64(y))
	})
	for _, path := range logs {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		apply(t, restored, txnlog.NewReader(f, path))
	}
	return restored
}

func apply(t testing.TB, to *tree.Tree, r *txnlog.Reader) {
	t.Helper()
	for {
		rec, err := r.Next()
		if err == io.EOF {
			return
		}
		txn, decodeErr := rec.Decode()
		if err := errors.Join(err, decodeErr); err != nil {
			t.Fatal(err)
		}
		if txn.Zxid <= to.LastZxid() {
			continue
		}
		if err := to.Apply(txn); err != nil {
			t.Fatal(err)
		}
	}
}

// walkFiles visits the files of a directory that may not exist.
func walkFiles(t testing.TB, dir string, visit func(path string)) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			visit(path)
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
}

// contents is every file below a directory.
func contents(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	walkFiles(t, dir, func(path string) {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[path[len(dir):]] = string(b)
	})
	return files
}
