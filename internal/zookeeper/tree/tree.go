package tree

import (
	"github.com/zkark/zkark/internal/zookeeper"
)

// Tree is a ZooKeeper server's database: the nodes, the sessions, and the last transaction that went into them.
// It is for one goroutine at a time.
type Tree struct {
	nodes      map[string]*node // by path, the root under ""
	ephemerals map[int64]map[*node]struct{}
	sessions   map[int64]int32
	acls       aclTable
	last       zookeeper.Zxid
	dangling   int

	slab     slab
	digester digester
	sum      uint64                     // of the nodes with plain ASCII paths
	wide     map[*node][charsets]uint32 // of the others
	wideSum  Digests
}

// New is the tree of a server that starts with an empty data directory (ZooKeeper 3.5 DataTree).
func New() *Tree {
	t := NewBefore35()
	config := t.plant("/zookeeper/config")
	config.acl = t.acls.intern([]zookeeper.ACL{{Perms: 1, Scheme: "world", ID: "anyone"}})
	config.stat.Aversion = -1
	return t
}

// NewBefore35 is New without /zookeeper/config, which ZooKeeper 3.4 does not know.
func NewBefore35() *Tree {
	t := empty(0)
	t.insert(t.slab.take(), nil)
	t.nodes[""].data = []byte{}
	t.plant("/zookeeper")
	t.plant("/zookeeper/quota")
	return t
}

// plant makes an empty node that no transaction has made.
func (t *Tree) plant(path string) *node {
	n := t.slab.take()
	n.path, n.data = path, []byte{}
	t.insert(n, t.nodes[parentPath(path)])
	return n
}

func empty(last zookeeper.Zxid) *Tree {
	return &Tree{
		nodes:      map[string]*node{},
		ephemerals: map[int64]map[*node]struct{}{},
		sessions:   map[int64]int32{},
		acls:       newACLTable(),
		wide:       map[*node][charsets]uint32{},
		last:       last,
	}
}

// insert puts a node whose fields are set into every index. Parent is nil for the root.
func (t *Tree) insert(n, parent *node) {
	n.wide = !isASCII(n.path)
	t.nodes[n.path] = n
	if parent != nil {
		parent.adopt(n)
	}
	if owner := n.stat.EphemeralOwner; indexed(owner) {
		set := t.ephemerals[owner]
		if set == nil {
			set = map[*node]struct{}{}
			t.ephemerals[owner] = set
		}
		set[n] = struct{}{}
	}
	t.count(n)
}

// remove takes n and everything below it out of every index. A node with children is deleted only during
// the replay over a fuzzy snapshot: the children come from the future, and the log creates them again.
func (t *Tree) remove(n *node) {
	for n.child != nil {
		t.remove(n.child)
	}
	t.discount(n)
	if owner := n.stat.EphemeralOwner; indexed(owner) {
		delete(t.ephemerals[owner], n)
		if len(t.ephemerals[owner]) == 0 {
			delete(t.ephemerals, owner)
		}
	}
	if n.acl == danglingACL {
		t.dangling--
	}
	delete(t.nodes, n.path)
	n.leave()
	t.slab.give(n)
}

// indexed tells whether a node can go with a session. That includes the owners of TTL nodes: whether such
// a value is a session's id depends on a flag of the server (zookeeper.extendedTypesEnabled), and then a session
// closes that has it.
func indexed(owner int64) bool { return owner != 0 && owner != zookeeper.ContainerOwner }
