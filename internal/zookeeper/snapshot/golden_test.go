package snapshot_test

import (
	"bytes"
	"encoding/binary"
	"hash/adler32"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/jute"
	"github.com/zkark/zkark/internal/zookeeper/snapshot"
)

// contents is a snapshot in memory.
type contents struct {
	Sessions []snapshot.Session
	ACLs     []snapshot.ACLEntry
	Nodes    []snapshot.Node
	Trailer  snapshot.Trailer
}

// decode reads b whole.
func decode(b []byte, c zookeeper.Compression) (contents, error) {
	return decodeFrom(bytes.NewReader(b), c)
}

func decodeFrom(in io.Reader, c zookeeper.Compression) (contents, error) {
	r, err := snapshot.NewReader(in, "snapshot.5", c)
	if err != nil {
		return contents{}, err
	}
	got := contents{Sessions: r.Sessions(), ACLs: r.ACLs()}
	for {
		n, err := r.Next()
		if err == io.EOF {
			got.Trailer = r.Trailer()
			return got, nil
		}
		if err != nil {
			return contents{}, err
		}
		n.Data = bytes.Clone(n.Data)
		got.Nodes = append(got.Nodes, n)
	}
}

// encode writes c plain.
func encode(t testing.TB, c contents) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := snapshot.NewWriter(&b, c.Sessions, c.ACLs)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range c.Nodes {
		if err := w.Write(n); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(c.Trailer); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// freshSnapshot is the snapshot.0 that ZooKeeper 3.9.5 writes into an empty data directory, put together
// from the field list. Its length, its head and its three seals are the real file's.
func freshSnapshot() []byte {
	world := []zookeeper.ACL{{Perms: 1, Scheme: "world", ID: "anyone"}}
	b := append([]byte("ZKSN"), 0, 0, 0, 2)
	b = jute.AppendInt64(b, -1)
	b = jute.AppendInt32(b, 0)
	b = jute.AppendInt32(b, 1)
	b = jute.AppendInt64(b, 1)
	b = jute.AppendACLs(b, world)
	for _, n := range []struct {
		path     string
		acl      int64
		aversion int32
	}{{"", -1, 0}, {"/zookeeper", -1, 0}, {"/zookeeper/config", 1, -1}, {"/zookeeper/quota", -1, 0}} {
		b = jute.AppendString(b, n.path)
		b = jute.AppendInt32(b, 0)
		b = jute.AppendInt64(b, n.acl)
		b = append(b, make([]byte, 40)...)
		b = jute.AppendInt32(b, n.aversion)
		b = append(b, make([]byte, 16)...)
	}
	b = jute.AppendString(b, "/")
	b = sealed(b)
	b = jute.AppendInt64(b, 0)
	b = jute.AppendInt32(b, 2)
	b = sealed(jute.AppendInt64(b, 0))
	return sealed(jute.AppendInt64(b, 0))
}

// sealed adds a seal, independently of the Writer.
func sealed(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(adler32.Checksum(b)))
	return append(b, 0, 0, 0, 1, '/')
}

func TestAFreshSnapshotReadsAndWritesBackToTheSameBytes(t *testing.T) {
	b := freshSnapshot()
	for at, seal := range map[int]uint32{0x19b: 0xb8a23b49, 0x1bc: 0x95b93d59, 0x1d1: 0xbde83f6d} {
		if got := binary.BigEndian.Uint64(b[at:]); got != uint64(seal) {
			t.Fatalf("seal at %#x is %08x, the real file's is %08x", at, got, seal)
		}
	}
	if len(b) != 478 {
		t.Fatalf("%d bytes, the real file has 478", len(b))
	}
	got, err := decode(b, zookeeper.Plain)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Nodes) != 4 || got.Nodes[0].Path != "" {
		t.Errorf("nodes: %v", got.Nodes)
	}
	zero := zookeeper.Zxid(0)
	want := snapshot.Trailer{Digest: &snapshot.Digest{Version: 2}, LastZxid: &zero}
	if d := cmp.Diff(want, got.Trailer); d != "" {
		t.Errorf("trailer (-want +got):\n%s", d)
	}
	if d := cmp.Diff(b, encode(t, got)); d != "" {
		t.Errorf("written back (-read +written):\n%s", d)
	}
}
