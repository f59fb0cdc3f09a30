package tree

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/snapshot"
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
	t := empty(0)
	t.insert(t.slab.take(), nil)
	t.nodes[""].data = []byte{}
	for _, name := range []string{"/zookeeper", "/zookeeper/config", "/zookeeper/quota"} {
		n := t.slab.take()
		n.path, n.data = name, []byte{}
		t.insert(n, t.nodes[parentPath(name)])
	}
	config := t.nodes["/zookeeper/config"]
	config.acl = t.acls.intern([]zookeeper.ACL{{Perms: 1, Scheme: "world", ID: "anyone"}})
	config.stat.Aversion = -1
	return t
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

// Source is a snapshot being read: a *snapshot.Reader. Next ends with io.EOF, and with nothing less.
type Source interface {
	Sessions() []snapshot.Session
	ACLs() []snapshot.ACLEntry
	Next() (snapshot.Node, error)
}

// Load reads a snapshot to its end. Start is the zxid of the snapshot's name, the last transaction that is certain
// to be in it whole.
func Load(src Source, start zookeeper.Zxid) (*Tree, error) {
	l := newLoader(src, start)
	for {
		n, err := src.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		if err := l.add(n); err != nil {
			return nil, fmt.Errorf("load snapshot %s: node %q: %w", start, n.Path, err)
		}
	}
	if l.tree.nodes[""] == nil {
		return nil, fmt.Errorf("load snapshot %s: it has no root node", start)
	}
	return l.tree, nil
}

type loader struct {
	tree   *Tree
	acls   map[int64]aclID // by the id in the snapshot's table
	arena  arena
	parent *node // of the last node: the next one is often its sibling
}

func newLoader(src Source, start zookeeper.Zxid) *loader {
	l := &loader{tree: empty(start), acls: map[int64]aclID{snapshot.OpenACL: openACL}}
	for _, s := range src.Sessions() {
		l.tree.sessions[s.ID] = s.Timeout
	}
	for _, a := range src.ACLs() {
		l.acls[a.ID] = l.tree.acls.intern(a.ACL)
	}
	return l
}

func (l *loader) add(s snapshot.Node) error {
	if err := l.findParent(s.Path); err != nil {
		return err
	}
	if l.tree.nodes[s.Path] != nil {
		return errors.New("it is there twice")
	}
	n := l.tree.slab.take()
	n.path, n.data, n.stat = s.Path, l.arena.copy(s.Data), s.Stat
	acl, ok := l.acls[s.ACL]
	if !ok {
		acl = danglingACL
		l.tree.dangling++
	}
	n.acl = acl
	l.tree.insert(n, l.parent)
	return nil
}

func (l *loader) findParent(path string) error {
	if path == "" {
		l.parent = nil
		return nil
	}
	if err := checkPath(path); err != nil {
		return err
	}
	parent := parentPath(path)
	if l.parent != nil && l.parent.path == parent {
		return nil
	}
	if l.parent = l.tree.nodes[parent]; l.parent == nil {
		return errors.New("its parent does not come before it")
	}
	return nil
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
