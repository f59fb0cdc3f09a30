package tree_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/snapshot"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

// A snapshot has its table of ACLs first and the nodes later, so nodes of transactions in between refer to ids that the table lacks. These
// are the sequences over which ZooKeeper's own replay gave nodes an ACL that was dropped, or another node's (ZOOKEEPER-4846, and the two
// examples in the discussion of ZOOKEEPER-4689). Whatever nodes the snapshot has caught, the replay has to give each its own.
func TestNodesThatASnapshotCaughtWithoutTheirACLsGetTheirOwn(t *testing.T) {
	ark, dove := acl("ark"), acl("dove")
	create := func(path string, list []zookeeper.ACL) txnlog.Txn {
		return txnlog.Txn{Header: txnlog.Header{Type: txnlog.TypeCreate}, Body: txnlog.Create{Path: path, ACL: list, ParentCversion: 1}}
	}
	remove := func(path string) txnlog.Txn {
		return txnlog.Txn{Header: txnlog.Header{Type: txnlog.TypeDelete}, Body: txnlog.Delete{Path: path}}
	}
	for name, c := range map[string]struct {
		caught []snapshot.Node // by ids that the table does not have
		log    []txnlog.Txn
		want   map[string][]zookeeper.ACL
	}{
		"an ACL of two nodes, one of which is deleted": {
			[]snapshot.Node{{Path: "/a1", ACL: 6}, {Path: "/a2", ACL: 6}},
			[]txnlog.Txn{create("/a1", ark), create("/a2", ark), remove("/a1")},
			map[string][]zookeeper.ACL{"/a2": ark},
		},
		"ids that a replay gives out anew, in another order": {
			[]snapshot.Node{{Path: "/a1", ACL: 7}, {Path: "/a2", ACL: 8}, {Path: "/a3", ACL: 7}},
			[]txnlog.Txn{create("/a1", ark), create("/a2", dove), create("/a3", ark)},
			map[string][]zookeeper.ACL{"/a1": ark, "/a2": dove, "/a3": ark},
		},
		"a node that is deleted, and made again with an ACL that nobody has any more": {
			[]snapshot.Node{{Path: "/foo", ACL: 9}},
			[]txnlog.Txn{remove("/foo"), create("/bar", dove), create("/foo", ark), remove("/bar")},
			map[string][]zookeeper.ACL{"/foo": ark},
		},
	} {
		for subset := range 1 << len(c.caught) {
			t.Run(fmt.Sprintf("%s/%b", name, subset), func(t *testing.T) {
				loaded := load(t, some(c.caught, subset)...)
				for i, txn := range c.log {
					txn.Zxid = zookeeper.Zxid(i + 1)
					if err := loaded.Apply(txn); err != nil {
						t.Fatal(err)
					}
				}
				if n := loaded.Dangling(); n != 0 {
					t.Errorf("%d nodes have an ACL that is not known", n)
				}
				got := map[string][]zookeeper.ACL{}
				for _, child := range loaded.Children("/") {
					if n, ok := loaded.Get("/" + child); ok && child != "zookeeper" {
						got["/"+child] = n.ACL
					}
				}
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
			})
		}
	}
}

func acl(id string) []zookeeper.ACL {
	return []zookeeper.ACL{{Perms: 31, Scheme: "digest", ID: id}}
}

// some are the root and those of the nodes whose bit is set.
func some(nodes []snapshot.Node, subset int) []snapshot.Node {
	chosen := []snapshot.Node{{ACL: snapshot.OpenACL}}
	for i, n := range nodes {
		if subset&(1<<i) != 0 {
			chosen = append(chosen, n)
		}
	}
	return chosen
}
