package tree_test

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/snapshot"
	"github.com/zkark/zkark/internal/zookeeper/tree"
	"github.com/zkark/zkark/internal/zookeeper/tree/treetest"
)

func TestWrittenSnapshotLoadsAsTheSameTree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		server, replayed := treetest.NewServer(chooser(t)), tree.New()
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			server.Step()
			apply(t, replayed, server.Log[len(server.Log)-1])
		}
		var file bytes.Buffer
		if err := replayed.WriteSnapshot(&file, snapshot.Trailer{}); err != nil {
			t.Fatal(err)
		}
		loaded, err := tree.Load(open(t, file.Bytes()), replayed.LastZxid())
		if err != nil {
			t.Fatal(err)
		}
		sameState(t, loaded, server)
	})
}

type fatal interface{ Fatal(args ...any) }

func open(t fatal, file []byte) *snapshot.Reader {
	r, err := snapshot.NewReader(bytes.NewReader(file), "snapshot.test", zookeeper.Plain)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestSnapshotOfATreeWithAnUnknownACLIsRefused(t *testing.T) {
	loaded := load(t, snapshot.Node{ACL: 7})
	var file bytes.Buffer
	err := loaded.WriteSnapshot(&file, snapshot.Trailer{})
	if err == nil || !strings.Contains(err.Error(), "1 nodes have an ACL that is not known") {
		t.Fatalf("got %v, want a refusal", err)
	}
	if file.Len() != 0 {
		t.Fatalf("%d bytes were written all the same", file.Len())
	}
}

// load makes a snapshot of the nodes and loads it.
func load(t *testing.T, nodes ...snapshot.Node) *tree.Tree {
	t.Helper()
	loaded, err := tree.Load(open(t, write(t, nodes)), 0x10)
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

func write(t *testing.T, nodes []snapshot.Node) []byte {
	t.Helper()
	var file bytes.Buffer
	w, err := snapshot.NewWriter(&file, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range nodes {
		if err := w.Write(n); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(snapshot.Trailer{}); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}
