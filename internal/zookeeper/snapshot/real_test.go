package snapshot_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/snapshot"
)

// realSnapshots are files of ZooKeeper 3.8.0 (Debian), one for each value of snapshot.compression.method. Each server was
// given the same nodes, killed and started again.
func realSnapshots(t testing.TB) map[zookeeper.Compression][]byte {
	t.Helper()
	files, err := filepath.Glob("testdata/snapshot.*")
	if err != nil {
		t.Fatal(err)
	}
	found := map[zookeeper.Compression][]byte{}
	for _, f := range files {
		_, c, ok := zookeeper.ParseSnapshotName(filepath.Base(f))
		if !ok {
			t.Fatalf("%s is not named like a snapshot", f)
		}
		if found[c], err = os.ReadFile(f); err != nil {
			t.Fatal(err)
		}
	}
	if len(found) != 3 {
		t.Fatalf("testdata has %d kinds of snapshots, want 3", len(found))
	}
	return found
}

func TestRealSnapshotsReadInEveryCompressionAndWriteBackToTheSameBytes(t *testing.T) {
	for c, file := range realSnapshots(t) {
		t.Run("compression "+string(c), func(t *testing.T) {
			got, err := decode(file, c)
			if err != nil {
				t.Fatal(err)
			}
			checkNodes(t, got)
			var plain bytes.Buffer
			sum, err := snapshot.Verify(bytes.NewReader(file), "snapshot", c, snapshot.CopyTo(&plain))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(plain.Bytes(), encode(t, got)) {
				t.Error("what was read is written back as other bytes")
			}
			want := snapshot.Summary{
				Nodes: int64(len(got.Nodes)), Sessions: len(got.Sessions), ACLs: len(got.ACLs), Trailer: got.Trailer,
				MaxZxid: maxZxid(got.Nodes), Size: int64(plain.Len()),
			}
			if d := cmp.Diff(want, sum); d != "" {
				t.Errorf("summary (-want +got):\n%s", d)
			}
		})
	}
}

// checkNodes compares a few nodes with what the client was told to create.
func checkNodes(t *testing.T, got contents) {
	t.Helper()
	nodes := map[string]snapshot.Node{}
	for _, n := range got.Nodes {
		nodes[n.Path] = n
	}
	if n := nodes["/app"]; string(n.Data) != "hello2" || n.Stat.Version != 1 || n.Stat.Cversion != 8 {
		t.Errorf("/app: %+v", n)
	}
	if n := nodes["/app/null"]; n.Data != nil {
		t.Errorf("/app/null has data %q", n.Data)
	}
	if n := nodes["/app/empty"]; n.Data == nil || len(n.Data) != 0 {
		t.Errorf("/app/empty has data %#v", n.Data)
	}
	if n := nodes["/app/container"]; n.Stat.EphemeralOwner != zookeeper.ContainerOwner {
		t.Errorf("/app/container has owner %x", n.Stat.EphemeralOwner)
	}
	digest := zookeeper.ACL{Perms: 31, Scheme: "digest", ID: "user:x1nq8J5GOJVPY6zgzhtTtA9izLc="}
	found := false
	for _, e := range got.ACLs {
		found = found || e.ID == nodes["/app/guarded"].ACL && cmp.Equal(e.ACL, []zookeeper.ACL{digest})
	}
	if !found {
		t.Errorf("/app/guarded has ACL %d of %v", nodes["/app/guarded"].ACL, got.ACLs)
	}
}

func maxZxid(nodes []snapshot.Node) zookeeper.Zxid {
	var z zookeeper.Zxid
	for _, n := range nodes {
		z = max(z, n.Stat.Czxid, n.Stat.Mzxid, n.Stat.Pzxid)
	}
	return z
}
