package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/snapshot"
	"github.com/zkark/zkark/internal/zookeeper/tree"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

// expectDigest expects that the snapshot which the restored server wrote when it started has the digest that the lost server
// recorded in its last transaction. A server without digests proves nothing here.
func expectDigest(t *testing.T, r *rig, lostLogs string) {
	t.Helper()
	zxid, want := lastDigest(t, filepath.Join(lostLogs, zookeeper.VersionDir))
	if want == nil {
		return
	}
	got := loadSnapshot(t, filepath.Join(r.server.DataDir(), zookeeper.VersionDir), zxid).Digests()
	if _, ok := got.Find(want.Tree); !ok {
		t.Errorf("the restored server's snapshot at %s has digest %x, the lost server recorded %x", zxid, got, want.Tree)
	}
}

// lastDigest reads the last transaction of a directory of logs.
func lastDigest(t testing.TB, dir string) (zookeeper.Zxid, *txnlog.Digest) {
	t.Helper()
	var newest zookeeper.Zxid
	for _, name := range names(t, dir) {
		if first, ok := zookeeper.ParseLogName(name); ok && first > newest {
			newest = first
		}
	}
	txns := readLog(t, filepath.Join(dir, zookeeper.LogName(newest)))
	if len(txns) == 0 {
		t.Fatalf("the newest log in %s, of %s, is empty", dir, newest)
	}
	last := txns[len(txns)-1]
	return last.Zxid, last.Digest
}

// loadSnapshot reads the snapshot at a zxid, in whatever compression it is.
func loadSnapshot(t testing.TB, dir string, zxid zookeeper.Zxid) *tree.Tree {
	t.Helper()
	for _, name := range names(t, dir) {
		start, compression, ok := zookeeper.ParseSnapshotName(name)
		if !ok || start != zxid {
			continue
		}
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		r, err := snapshot.NewReader(f, name, compression)
		if err != nil {
			t.Fatal(err)
		}
		loaded, err := tree.Load(r, start)
		if err != nil {
			t.Fatal(err)
		}
		return loaded
	}
	t.Fatalf("the restored server wrote no snapshot at %s: %q", zxid, names(t, dir))
	return nil
}

func names(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}
