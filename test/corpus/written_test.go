package corpus

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"reflect"
	"slices"
	"testing"

	diff "github.com/google/go-cmp/cmp"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/snapshot"
	"github.com/zkark/zkark/internal/zookeeper/tree"
)

// decoded is all that a snapshot says, without the order of its sessions and nodes and the ids of its ACLs, which are the
// writer's own.
type decoded struct {
	Sessions []snapshot.Session
	Nodes    map[string]decodedNode
	Trailer  snapshot.Trailer
}

type decodedNode struct {
	Data     []byte
	ACL      []zookeeper.ACL
	Dangling bool
	Stat     zookeeper.Stat
}

func decode(t *testing.T, src io.Reader, name string, pack zookeeper.Compression) decoded {
	t.Helper()
	r, err := snapshot.NewReader(src, name, pack)
	if err != nil {
		t.Fatal(err)
	}
	d := decoded{Sessions: slices.Clone(r.Sessions()), Nodes: map[string]decodedNode{}}
	slices.SortFunc(d.Sessions, func(a, b snapshot.Session) int { return cmp.Compare(a.ID, b.ID) })
	acls := map[int64][]zookeeper.ACL{snapshot.OpenACL: {{Perms: 31, Scheme: "world", ID: "anyone"}}}
	for _, a := range r.ACLs() {
		acls[a.ID] = a.ACL
	}
	for {
		n, err := r.Next()
		if errors.Is(err, io.EOF) {
			d.Trailer = r.Trailer()
			return d
		}
		if err != nil {
			t.Fatal(err)
		}
		acl, known := acls[n.ACL]
		d.Nodes[n.Path] = decodedNode{Data: bytes.Clone(n.Data), ACL: acl, Dangling: !known, Stat: n.Stat}
	}
}

// fuzzy tells whether the snapshot names ACLs that it does not hold.
func (d decoded) fuzzy() bool {
	for _, n := range d.Nodes {
		if n.Dangling {
			return true
		}
	}
	return false
}

func TestEverySnapshotIsTheSameWhenWeWriteIt(t *testing.T) {
	t.Parallel()
	eachServer(t, func(t *testing.T, d directory) {
		for _, name := range d.snapshotNames(t) {
			_, pack, _ := zookeeper.ParseSnapshotName(name)
			want := decode(t, open(t, d.snapshots, name), name, pack)
			loaded, trailer := d.load(t, name)
			var ours bytes.Buffer
			err := loaded.WriteSnapshot(&ours, trailer)
			if want.fuzzy() {
				if err == nil {
					t.Errorf("%s: written although the ACLs of some nodes are not known", name)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if got := decode(t, &ours, name, zookeeper.Plain); !reflect.DeepEqual(want, got) { // much faster than a diff
				t.Errorf("%s: -read +written:\n%s", name, diff.Diff(want, got))
			}
		}
	})
}

func TestWhatADirectoryBootsIsTheSameWhenWeWriteIt(t *testing.T) {
	t.Parallel()
	eachServer(t, func(t *testing.T, d directory) {
		if !d.Boots {
			t.Skip("its own release refuses it:", d.Refusal)
		}
		booted := d.boot(t)
		var ours bytes.Buffer
		if err := booted.WriteSnapshot(&ours, snapshot.Trailer{}); err != nil {
			t.Fatal(err)
		}
		r, err := snapshot.NewReader(&ours, "ours", zookeeper.Plain)
		if err != nil {
			t.Fatal(err)
		}
		again, err := tree.Load(r, booted.LastZxid())
		if err != nil {
			t.Fatal(err)
		}
		if delta := diff.Diff(exactTree(t, booted), exactTree(t, again)); delta != "" {
			t.Errorf("-written +read:\n%s", delta)
		}
	})
}
