package tree

import (
	"cmp"
	"path"
	"slices"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/snapshot"
)

// LastZxid is the highest transaction that was applied, or the start of the snapshot.
func (t *Tree) LastZxid() zookeeper.Zxid { return t.last }

// Len is the number of nodes, the root and /zookeeper included.
func (t *Tree) Len() int { return len(t.nodes) }

// Dangling is the number of nodes whose ACL is not known. It is 0 once the log has been replayed past a fuzzy
// snapshot's end; a tree where it is not 0 is no state that ever existed.
func (t *Tree) Dangling() int { return t.dangling }

// Sessions lists the open sessions by id.
func (t *Tree) Sessions() []snapshot.Session {
	list := make([]snapshot.Session, 0, len(t.sessions))
	for id, timeout := range t.sessions {
		list = append(list, snapshot.Session{ID: id, Timeout: timeout})
	}
	slices.SortFunc(list, func(a, b snapshot.Session) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

// Get is the node at a path.
func (t *Tree) Get(path string) (Node, bool) {
	n := t.find(path)
	if n == nil {
		return Node{}, false
	}
	return t.show(n), true
}

// Children is the names of a node's children, sorted; nil for a node that does not exist.
func (t *Tree) Children(of string) []string {
	n := t.find(of)
	if n == nil {
		return nil
	}
	list := n.sortedChildren()
	names := make([]string, len(list))
	for i, c := range list {
		names[i] = path.Base(c.path)
	}
	return names
}

// Walk calls visit for every node, parents first and children sorted, until it fails.
func (t *Tree) Walk(visit func(Node) error) error {
	return walk(t.nodes[""], func(n *node) error { return visit(t.show(n)) })
}

// walk goes without recursion: a path can be as deep as a request is long.
func walk(root *node, visit func(*node) error) error {
	stack := []*node{root}
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if err := visit(n); err != nil {
			return err
		}
		children := n.sortedChildren()
		slices.Reverse(children)
		stack = append(stack, children...)
	}
	return nil
}

func (t *Tree) show(n *node) Node {
	shown := Node{Path: n.shownPath(), Data: n.data, ACL: t.acls.list(n.acl), Dangling: n.acl == danglingACL, Stat: n.stat}
	for c := n.child; c != nil; c = c.next {
		shown.Children++
	}
	return shown
}

func (t *Tree) find(path string) *node {
	if path == "/" {
		path = ""
	}
	return t.nodes[path]
}
