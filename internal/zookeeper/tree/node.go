package tree

import (
	"slices"
	"strings"

	"github.com/zkark/zkark/internal/zookeeper"
)

// Node is one znode as it is at the moment. Data and ACL are the tree's own: nobody may change them, and the tree does
// not either, it replaces them.
type Node struct {
	Path     string // "/" for the root
	Data     []byte // nil and empty are different
	ACL      []zookeeper.ACL
	Dangling bool // the ACL is not known: a fuzzy snapshot named it by an id that its table lacks
	Stat     zookeeper.Stat
	Children int
}

// node is a znode inside the tree. The children of a node are a list through their next and prev fields, because
// most nodes have none and a map for each of the others would cost more than everything else here.
type node struct {
	path   string // "" for the root
	data   []byte
	stat   zookeeper.Stat
	parent *node
	child  *node // first of the list, in no order
	next   *node
	prev   *node
	acl    aclID
	digest uint32 // what the node adds to Tree.sum
	wide   bool   // the path is not plain ASCII: the digest is in Tree.wide instead
}

// adopt puts c at the head of n's children.
func (n *node) adopt(c *node) {
	c.parent, c.next = n, n.child
	if n.child != nil {
		n.child.prev = c
	}
	n.child = c
}

// leave takes n out of its parent's children.
func (n *node) leave() {
	if n.prev != nil {
		n.prev.next = n.next
	} else {
		n.parent.child = n.next
	}
	if n.next != nil {
		n.next.prev = n.prev
	}
	n.parent, n.next, n.prev = nil, nil, nil
}

// sortedChildren is n's children in the byte order of their paths.
func (n *node) sortedChildren() []*node {
	var list []*node
	for c := n.child; c != nil; c = c.next {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b *node) int { return strings.Compare(a.path, b.path) })
	return list
}

// shownPath is the path as clients write it.
func (n *node) shownPath() string {
	if n.path == "" {
		return "/"
	}
	return n.path
}

// parentPath is the path of the parent as the index knows it: "" for the children of the root.
func parentPath(path string) string { return path[:strings.LastIndexByte(path, '/')] }

// slabSize is how many nodes are allocated at once: a million small objects cost the collector far more than
// a few thousand large ones.
const slabSize = 256

// slab hands out nodes and takes them back, so that a long history needs no more than its largest tree.
type slab struct {
	fresh []node
	free  *node // list through next
}

func (s *slab) take() *node {
	if n := s.free; n != nil {
		s.free, n.next = n.next, nil
		return n
	}
	if len(s.fresh) == 0 {
		s.fresh = make([]node, slabSize)
	}
	n := &s.fresh[0]
	s.fresh = s.fresh[1:]
	return n
}

func (s *slab) give(n *node) {
	*n = node{next: s.free}
	s.free = n
}

// arena copies the data of a whole snapshot into few allocations. It is not used for transactions, where
// one node that stays would keep the dead data of its neighbours.
type arena struct{ room []byte }

const (
	arenaSize = 1 << 18
	arenaMax  = arenaSize / 8 // larger data gets an allocation of its own
)

func (a *arena) copy(data []byte) []byte {
	switch {
	case len(data) == 0 || len(data) > arenaMax:
		return slices.Clone(data)
	case len(data) > len(a.room):
		a.room = make([]byte, arenaSize)
	}
	c := a.room[:len(data):len(data)]
	a.room = a.room[len(data):]
	copy(c, data)
	return c
}
