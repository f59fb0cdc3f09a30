package tree_test

import (
	"bytes"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/snapshot"
	"github.com/zkark/zkark/internal/zookeeper/tree"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

const session = 0x1000_0000_0000_001

// history applies transactions one after the other, each under the next zxid.
type history struct {
	t    *testing.T
	tree *tree.Tree
	next zookeeper.Zxid
}

func (h *history) do(typ txnlog.Type, body txnlog.Body) {
	h.t.Helper()
	header := txnlog.Header{Session: session, Zxid: h.next, Time: 1000 + int64(h.next), Type: typ}
	if err := h.tree.Apply(txnlog.Txn{Header: header, Body: body}); err != nil {
		h.t.Fatal(err)
	}
	h.next++
}

func (h *history) stat(path string) zookeeper.Stat {
	h.t.Helper()
	n, ok := h.tree.Get(path)
	if !ok {
		h.t.Fatalf("%s does not exist", path)
	}
	return n.Stat
}

func TestDigestOfAFreshTreeIsZooKeepers(t *testing.T) {
	fresh := tree.New()
	if got := fresh.Digest(); got != 1371985504 {
		t.Fatalf("digest of a fresh tree is %d, ZooKeeper 3.9.5 has 1371985504", got)
	}
	create := txnlog.Txn{
		Header: txnlog.Header{Session: session, Zxid: 2, Time: 1795415814037, Type: txnlog.TypeCreate},
		Body:   txnlog.Create{Path: "/a", Data: []byte("hello"), ParentCversion: 1},
	}
	if err := fresh.Apply(create); err != nil {
		t.Fatal(err)
	}
	if got := fresh.Digest(); got != 4317788854 {
		t.Fatalf("digest after create /a is %d, ZooKeeper 3.9.5 has 4317788854", got)
	}
}

func TestDigestLeavesOutWhatIsBelowZookeeper(t *testing.T) {
	h := history{t, tree.New(), 1}
	h.do(txnlog.TypeReconfig, txnlog.SetData{Path: "/zookeeper/config", Data: []byte("server.1"), Version: -1})
	if got := h.tree.Digest(); got != 1371985504 {
		t.Fatalf("a reconfig changed the digest to %d", got)
	}
	h.do(txnlog.TypeCreate, txnlog.Create{Path: "/zookeeper/x", ParentCversion: 1})
	if h.tree.Digest() == 1371985504 {
		t.Fatal("/zookeeper itself has changed and the digest has not")
	}
}

func TestDigestOfPathsBeyondASCIIDependsOnTheCharset(t *testing.T) {
	h := history{t, tree.New(), 1}
	h.do(txnlog.TypeCreate, txnlog.Create{Path: "/é漢", ParentCversion: 1})
	seen := map[uint64]bool{}
	for c, d := range h.tree.Digests() {
		if got, ok := h.tree.Digests().Find(d); !ok || got != tree.Charset(c) {
			t.Errorf("digest under %s was found under %s", tree.Charset(c), got)
		}
		seen[d] = true
	}
	if len(seen) != 3 {
		t.Errorf("digests are %v, want three different ones", h.tree.Digests())
	}
	question := history{t, tree.New(), 1}
	question.do(txnlog.TypeCreate, txnlog.Create{Path: "/??", ParentCversion: 1})
	if h.tree.Digests()[tree.ASCII] != question.tree.Digest() {
		t.Error("under US-ASCII a character is not one '?'")
	}
	h.do(txnlog.TypeDelete, txnlog.Delete{Path: "/é漢"})
	if d := h.tree.Digests(); d[tree.UTF8] != d[tree.ASCII] || d[tree.UTF8] != d[tree.Latin1] {
		t.Errorf("digests stay different after the node is gone: %v", d)
	}
}

func TestFailedMultiHasNoEffect(t *testing.T) {
	h := history{t, tree.New(), 1}
	h.do(txnlog.TypeMulti, txnlog.Multi{Ops: []txnlog.Op{
		{Type: txnlog.TypeCreate, Body: txnlog.Create{Path: "/a", ParentCversion: 1}},
		{Type: txnlog.TypeError, Body: txnlog.Error{Code: -101}},
	}})
	if _, ok := h.tree.Get("/a"); ok {
		t.Error("an operation before the failed one was applied")
	}
	if h.tree.LastZxid() != 1 {
		t.Errorf("last zxid is %s, want 0x1: the failed request used it up", h.tree.LastZxid())
	}
}

func TestCloseSessionWithoutAListDeletesTheSessionsNodes(t *testing.T) {
	h := history{t, tree.New(), 1}
	h.do(txnlog.TypeCreateSession, txnlog.CreateSession{Timeout: 4000})
	h.do(txnlog.TypeCreate, txnlog.Create{Path: "/gone", Ephemeral: true, ParentCversion: 1})
	h.do(txnlog.TypeCreate, txnlog.Create{Path: "/stays", ParentCversion: 2})
	h.do(txnlog.TypeCreateContainer, txnlog.Create{Path: "/container", ParentCversion: 3})
	h.do(txnlog.TypeCloseSession, txnlog.CloseSession{})
	if diff := cmp.Diff([]string{"container", "stays", "zookeeper"}, h.tree.Children("/")); diff != "" {
		t.Errorf("children of the root (-want +got):\n%s", diff)
	}
	if got := h.stat("/").Pzxid; got != 5 {
		t.Errorf("pzxid of the root is %s, want 0x5", got)
	}
	if len(h.tree.Sessions()) != 0 {
		t.Error("the session is still open")
	}
}

func TestCloseSessionDeletesListedPathsWhoeverOwnsThem(t *testing.T) {
	h := history{t, tree.New(), 1}
	h.do(txnlog.TypeCreate, txnlog.Create{Path: "/listed", ParentCversion: 1})
	h.do(txnlog.TypeCreate, txnlog.Create{Path: "/owned", Ephemeral: true, ParentCversion: 2})
	h.do(txnlog.TypeCloseSession, txnlog.CloseSession{Listed: true, Paths: []string{"/listed", "/never/was"}})
	if diff := cmp.Diff([]string{"zookeeper"}, h.tree.Children("/")); diff != "" {
		t.Errorf("children of the root (-want +got):\n%s", diff)
	}
}

func TestReplayPassesOverWhatTheSnapshotAlreadyHas(t *testing.T) {
	h := history{t, tree.New(), 10}
	h.do(txnlog.TypeCreate, txnlog.Create{Path: "/a", Data: []byte("new"), ParentCversion: 5})
	h.do(txnlog.TypeCreate, txnlog.Create{Path: "/a", Data: []byte("old"), ParentCversion: 4})
	if n, _ := h.tree.Get("/a"); string(n.Data) != "new" || n.Stat.Czxid != 10 {
		t.Errorf("a create of what exists changed it to %q of %s", n.Data, n.Stat.Czxid)
	}
	if s := h.stat("/"); s.Cversion != 5 || s.Pzxid != 10 {
		t.Errorf("the parent went back to cversion %d, pzxid %s", s.Cversion, s.Pzxid)
	}
	h.do(txnlog.TypeDelete, txnlog.Delete{Path: "/gone"})
	if s := h.stat("/"); s.Cversion != 5 || s.Pzxid != 12 {
		t.Errorf("after a delete of what is gone the parent has cversion %d, pzxid %s, want 5, 0xc", s.Cversion, s.Pzxid)
	}
	before := h.tree.Digest()
	h.do(txnlog.TypeDelete, txnlog.Delete{Path: "/no/parent"})
	h.do(txnlog.TypeCreate, txnlog.Create{Path: "/no/parent"})
	h.do(txnlog.TypeSetData, txnlog.SetData{Path: "/gone", Version: 3})
	h.do(txnlog.TypeSetACL, txnlog.SetACL{Path: "/gone", Aversion: 3})
	if h.tree.Digest() != before {
		t.Error("a transaction on a node that does not exist changed the tree")
	}
}

func TestUnknownACLIsCountedUntilATransactionTellsIt(t *testing.T) {
	acl := []zookeeper.ACL{{Perms: 1, Scheme: "digest", ID: "joe"}}
	tests := map[string]txnlog.Txn{
		"create": {Header: txnlog.Header{Type: txnlog.TypeCreate}, Body: txnlog.Create{Path: "/a", ACL: acl, ParentCversion: 1}},
		"setACL": {Header: txnlog.Header{Type: txnlog.TypeSetACL}, Body: txnlog.SetACL{Path: "/a", ACL: acl, Aversion: 1}},
		"delete": {Header: txnlog.Header{Type: txnlog.TypeDelete}, Body: txnlog.Delete{Path: "/a"}},
	}
	for name, txn := range tests {
		t.Run(name, func(t *testing.T) {
			loaded := load(t, snapshot.Node{ACL: snapshot.OpenACL}, snapshot.Node{Path: "/a", ACL: 7})
			if n, _ := loaded.Get("/a"); !n.Dangling || n.ACL != nil || loaded.Dangling() != 1 {
				t.Fatalf("node %+v, %d dangling: want an ACL that is not known", n, loaded.Dangling())
			}
			if err := loaded.Apply(txn); err != nil {
				t.Fatal(err)
			}
			if loaded.Dangling() != 0 {
				t.Fatal("the ACL still dangles")
			}
			if n, ok := loaded.Get("/a"); ok && cmp.Diff(acl, n.ACL) != "" {
				t.Fatalf("ACL is %v, want %v", n.ACL, acl)
			}
		})
	}
}

func TestOwnersOfTTLAndContainerNodes(t *testing.T) {
	h := history{t, tree.New(), 1}
	h.do(txnlog.TypeCreateTTL, txnlog.Create{Path: "/ttl", TTL: 5000, ParentCversion: 1})
	h.do(txnlog.TypeCreateContainer, txnlog.Create{Path: "/container", ParentCversion: 2})
	if got := uint64(h.stat("/ttl").EphemeralOwner); got != 0xFF00_0000_0000_0000|5000 {
		t.Errorf("owner of a TTL node is %#x", got)
	}
	if got := h.stat("/container").EphemeralOwner; got != math.MinInt64 {
		t.Errorf("owner of a container is %#x", got)
	}
	if got := h.tree.Orphans(false); got != nil {
		t.Errorf("%v count as ephemeral nodes of dead sessions", got)
	}
	if diff := cmp.Diff([]string{"/ttl"}, h.tree.Orphans(true)); diff != "" {
		t.Errorf("a server without extended types deletes TTL nodes (-want +got):\n%s", diff)
	}
}

func TestApplyRefusesWhatNoServerApplies(t *testing.T) {
	tests := map[string]txnlog.Txn{
		"body of another type": {Header: txnlog.Header{Type: txnlog.TypeDelete}, Body: txnlog.SetData{Path: "/a"}},
		"unknown type":         {Header: txnlog.Header{Type: 99}, Body: txnlog.Unknown{}},
		"no body":              {Header: txnlog.Header{Type: txnlog.TypeCreate}},
		"time to live":         {Header: txnlog.Header{Type: txnlog.TypeCreateTTL}, Body: txnlog.Create{Path: "/a"}},
		"relative path":        {Header: txnlog.Header{Type: txnlog.TypeCreate}, Body: txnlog.Create{Path: "a"}},
		"delete of the root":   {Header: txnlog.Header{Type: txnlog.TypeDelete}, Body: txnlog.Delete{Path: "/"}},
		"multi inside a multi": {Header: txnlog.Header{Type: txnlog.TypeMulti}, Body: txnlog.Multi{Ops: []txnlog.Op{
			{Type: txnlog.TypeMulti, Body: txnlog.Multi{}},
		}}},
	}
	for name, txn := range tests {
		t.Run(name, func(t *testing.T) {
			txn.Zxid = 0x2a
			err := tree.New().Apply(txn)
			if err == nil || !strings.Contains(err.Error(), "apply 0x2a") {
				t.Errorf("got error %v, want one that names the transaction", err)
			}
		})
	}
}

func TestLoadRefusesASnapshotThatIsNoTree(t *testing.T) {
	tests := map[string]struct {
		nodes []snapshot.Node
		want  string
	}{
		"orphan": {[]snapshot.Node{{}, {Path: "/a/b"}}, "parent"},
		"twice":  {[]snapshot.Node{{}, {Path: "/a"}, {Path: "/a"}}, "/a"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r, err := snapshot.NewReader(bytes.NewReader(write(t, test.nodes)), "snapshot.10", zookeeper.Plain)
			if err == nil {
				_, err = tree.Load(r, 0x10)
			}
			if err == nil || err == io.EOF || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error about %s", err, test.want)
			}
		})
	}
}

func TestDigestsWithoutForetellsDelete(t *testing.T) {
	h := history{t, tree.New(), 1}
	h.do(txnlog.TypeCreate, txnlog.Create{Path: "/a", ParentCversion: 1})
	h.do(txnlog.TypeCreate, txnlog.Create{Path: "/a/é", Ephemeral: true, ParentCversion: 1})
	h.do(txnlog.TypeCreate, txnlog.Create{Path: "/b", Ephemeral: true, ParentCversion: 2})
	orphans := h.tree.Orphans(false)
	if diff := cmp.Diff([]string{"/a/é", "/b"}, orphans); diff != "" {
		t.Fatalf("nodes of sessions that are not open (-want +got):\n%s", diff)
	}
	want := h.tree.DigestsWithout(orphans, 9)
	if err := h.tree.Delete(orphans, 9); err != nil {
		t.Fatal(err)
	}
	if h.tree.Digests() != want {
		t.Errorf("digests are %v, foretold %v", h.tree.Digests(), want)
	}
	if h.stat("/").Pzxid != 9 || h.tree.LastZxid() != 3 {
		t.Errorf("root has pzxid %s, last zxid is %s, want 0x9 and 0x3", h.stat("/").Pzxid, h.tree.LastZxid())
	}
}

// A digest runs over path and data without a mark between them, so moving bytes from one to the other must not
// change it, whichever way the data is summed.
func TestLargeDataCountsLikeSmall(t *testing.T) {
	var digests []uint64
	for _, inPath := range []int{0, 100} {
		x := strings.Repeat("x", 1100)
		h := history{t, tree.New(), 1}
		h.do(txnlog.TypeCreate, txnlog.Create{Path: "/a" + x[:inPath], Data: []byte(x[inPath:]), ParentCversion: 1})
		digests = append(digests, h.tree.Digest())
	}
	if digests[0] != digests[1] {
		t.Errorf("digests differ: %v", digests)
	}
}
