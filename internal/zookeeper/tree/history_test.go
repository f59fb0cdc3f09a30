package tree_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zkark/zkark/internal/zookeeper/tree"
	"github.com/zkark/zkark/internal/zookeeper/tree/treetest"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

func chooser(t *rapid.T) func(int) int {
	return func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "") }
}

func sameState(t *rapid.T, got *tree.Tree, want *treetest.Server) {
	t.Helper()
	dump, err := treetest.Dump(got)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.Dump(), dump); diff != "" {
		t.Fatalf("tree differs (-server +replayed):\n%s", diff)
	}
	if diff := cmp.Diff(want.Sessions(), got.Sessions()); diff != "" {
		t.Fatalf("sessions differ (-server +replayed):\n%s", diff)
	}
	if got.Digest() != want.Digest() || got.Len() != len(dump) || got.LastZxid() != want.Zxid() {
		t.Fatalf("digest %d, want %d; %d nodes, want %d; last %s, want %s",
			got.Digest(), want.Digest(), got.Len(), len(dump), got.LastZxid(), want.Zxid())
	}
}

func TestReplayOfAnyHistoryGivesTheServersTreeAfterEveryTransaction(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		server, replayed := treetest.NewServer(chooser(t)), tree.New()
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			server.Step()
			apply(t, replayed, server.Log[len(server.Log)-1])
			if replayed.Digest() != server.Digest() {
				t.Fatalf("digest after %+v is %d, want %d", server.Log[len(server.Log)-1], replayed.Digest(), server.Digest())
			}
		}
		sameState(t, replayed, server)
	})
}

func TestReplayOverAnyFuzzySnapshotGivesTheServersTree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		server := treetest.NewServer(chooser(t))
		snap := fuzzySnapshot(t, server)
		replayed, err := tree.Load(snap, snap.Start)
		if err != nil {
			t.Fatal(err)
		}
		for _, txn := range server.Log {
			if txn.Zxid <= snap.Start {
				continue
			}
			apply(t, replayed, txn)
			if txn.Zxid >= snap.End && txn.Digest != nil && replayed.Digest() != txn.Digest.Tree {
				t.Fatalf("digest after %+v is %d, want %d", txn, replayed.Digest(), txn.Digest.Tree)
			}
		}
		if n := replayed.Dangling(); n != 0 {
			t.Fatalf("%d ACLs dangle after the fuzzy window", n)
		}
		sameState(t, replayed, server)
	})
}

// fuzzySnapshot lets server work before, during and after a snapshot.
func fuzzySnapshot(t *rapid.T, server *treetest.Server) *treetest.Snapshot {
	work := func(most int) {
		for range rapid.IntRange(0, most).Draw(t, "steps") {
			server.Step()
		}
	}
	work(60)
	busy := rapid.IntRange(0, 12).Draw(t, "busy")
	snap := server.Snapshot(func() { work(busy) })
	work(10)
	return snap
}

func apply(t *rapid.T, to *tree.Tree, txn txnlog.Txn) {
	t.Helper()
	if err := to.Apply(txn); err != nil {
		t.Fatal(err)
	}
}
