package treetest

import (
	"io"
	"slices"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/snapshot"
	"github.com/zkark/zkark/internal/zookeeper/tree"
)

// Snapshot is what a server wrote while transactions went on. It is a tree.Source.
type Snapshot struct {
	Start, End zookeeper.Zxid // the last transactions before and after it was taken

	sessions []snapshot.Session
	acls     []snapshot.ACLEntry
	nodes    []snapshot.Node
	next     int
}

// Snapshot takes a snapshot in ZooKeeper's order: sessions, ACL table, then each node with its children's names
// (ZooKeeper DataTree.serialize). It calls meanwhile between any two of them; transactions made there can be in it
// in part.
func (s *Server) Snapshot(meanwhile func()) *Snapshot {
	snap := &Snapshot{Start: s.now.Zxid, sessions: s.Sessions()}
	meanwhile()
	snap.acls = slices.Clone(s.acls)
	stack := []string{""}
	for len(stack) > 0 {
		meanwhile()
		path := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		n, ok := s.nodes[path]
		if !ok {
			continue
		}
		snap.nodes = append(snap.nodes, snapshot.Node{Path: path, Data: n.data, ACL: s.intern(n.acl), Stat: n.stat})
		stack = append(stack, s.children(path)...)
	}
	snap.End = s.now.Zxid
	return snap
}

// Sessions is the sessions at the start.
func (s *Snapshot) Sessions() []snapshot.Session { return s.sessions }

// ACLs is the ACL table near the start.
func (s *Snapshot) ACLs() []snapshot.ACLEntry { return s.acls }

// Next is the next node.
func (s *Snapshot) Next() (snapshot.Node, error) {
	if s.next == len(s.nodes) {
		return snapshot.Node{}, io.EOF
	}
	s.next++
	return s.nodes[s.next-1], nil
}

// Again is the same snapshot from its beginning.
func (s *Snapshot) Again() *Snapshot {
	again := *s
	again.next = 0
	return &again
}

// SnapshotOf is a snapshot of a tree with open ACLs that says it was started at start, before the tree was what it
// is now. It has no sessions.
func SnapshotOf(t *tree.Tree, start zookeeper.Zxid) (*Snapshot, error) {
	snap := &Snapshot{Start: start, End: t.LastZxid()}
	err := t.Walk(func(n tree.Node) error {
		path := n.Path
		if path == "/" {
			path = ""
		}
		snap.nodes = append(snap.nodes, snapshot.Node{Path: path, Data: n.Data, ACL: snapshot.OpenACL, Stat: n.Stat})
		return nil
	})
	return snap, err
}
