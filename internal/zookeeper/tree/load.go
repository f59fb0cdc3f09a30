package tree

import (
	"errors"
	"fmt"
	"io"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/snapshot"
)

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
