package recovery

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/tree"
)

// Kind is what sort of znode one is. It is fixed when the znode is created.
type Kind string

// The kinds of znodes.
const (
	Persistent Kind = "persistent"
	Container  Kind = "container"
	TTL        Kind = "ttl"
	Ephemeral  Kind = "ephemeral"
	// Lasting is a live znode of one of the first three kinds: servers do not show clients which (ZooKeeper 3.8 DataNode.copyStat).
	Lasting Kind = "lasting"
)

// Node is one znode, archived or live.
type Node struct {
	Path string
	Data []byte
	ACL  []zookeeper.ACL
	Kind Kind
	TTL  time.Duration // of kind TTL, in whole milliseconds
	// Version and Aversion count the changes of data and ACL, of a live znode.
	Version, Aversion int32
	// Masked tells that the servers do not show the whole ACL, because the client may not administer the znode.
	Masked bool
}

// kindOf reads the owner of a znode (ZooKeeper 3.5.3 EphemeralType with extended types; a server without them has no session whose id
// begins with 0xff unless its own id is 255).
func kindOf(owner int64) (Kind, time.Duration) {
	const ttlMask = 1<<40 - 1
	switch {
	case owner == 0:
		return Persistent, 0
	case owner == zookeeper.ContainerOwner:
		return Container, 0
	case uint64(owner)>>56 == 0xff:
		return TTL, time.Duration(owner&ttlMask) * time.Millisecond
	}
	return Ephemeral, 0
}

func (n Node) sameContent(m Node) bool { return bytes.Equal(n.Data, m.Data) && n.sameACL(m) }

func (n Node) sameACL(m Node) bool { return slices.Equal(n.ACL, m.ACL) }

// sameKind tells whether the kinds are the same as far as they are known.
func (n Node) sameKind(m Node) bool {
	if n.Kind == Lasting || m.Kind == Lasting {
		return n.Kind != Ephemeral && m.Kind != Ephemeral
	}
	return n.Kind == m.Kind && n.TTL == m.TTL
}

// Subtree is znodes by path.
type Subtree map[string]Node

// Scope is what is recovered.
type Scope struct {
	Path string // the top
	Only bool   // the top alone, nothing below it
}

// Check refuses paths that are none, or that are ZooKeeper's own.
func (s Scope) Check() error {
	switch {
	case !strings.HasPrefix(s.Path, "/") || path.Clean(s.Path) != s.Path || strings.ContainsRune(s.Path, 0):
		return fmt.Errorf("%q is not the path of a znode: want /a/b, without a slash at its end", s.Path)
	case reserved(s.Path):
		return fmt.Errorf("%q is ZooKeeper's own: what is there cannot be recovered through a client", s.Path)
	}
	return nil
}

func reserved(p string) bool { return p == "/zookeeper" || strings.HasPrefix(p, "/zookeeper/") }

func (s Scope) holds(p string) bool {
	switch {
	case reserved(p):
		return false
	case p == s.Path:
		return true
	case s.Only:
		return false
	}
	return s.Path == "/" || strings.HasPrefix(p, s.Path+"/")
}

// ancestors are the paths above the top, the root first.
func (s Scope) ancestors() []string {
	var above []string
	for p := s.Path; p != "/"; {
		p = path.Dir(p)
		above = append(above, p)
	}
	slices.Reverse(above)
	return above
}

// Select takes what is wanted out of an archived state: the scope without its ephemeral znodes, and the ancestors, which Diff uses where
// they are missing. It fails when the top is not there or is ephemeral, or when an ACL is not known.
func Select(t *tree.Tree, s Scope) (Subtree, error) {
	top, ok := t.Get(s.Path)
	if !ok {
		return nil, fmt.Errorf("there is no znode %q at %s", s.Path, t.LastZxid())
	}
	if kind, _ := kindOf(top.Stat.EphemeralOwner); kind == Ephemeral {
		return nil, fmt.Errorf("%q was ephemeral at %s: only the session that owns it can make such a znode", s.Path, t.LastZxid())
	}
	want := Subtree{}
	pending := append(s.ancestors(), s.Path)
	above := len(pending) - 1
	for i := 0; i < len(pending); i++ {
		n, _ := t.Get(pending[i])
		kind, ttl := kindOf(n.Stat.EphemeralOwner)
		switch {
		case kind == Ephemeral:
			continue
		case n.Dangling:
			return nil, fmt.Errorf("the ACL of %q is not known at %s", n.Path, t.LastZxid())
		}
		want[pending[i]] = Node{Path: pending[i], Data: n.Data, ACL: n.ACL, Kind: kind, TTL: ttl}
		if i < above {
			continue
		}
		for _, c := range t.Children(pending[i]) {
			if p := path.Join(pending[i], c); s.holds(p) {
				pending = append(pending, p)
			}
		}
	}
	return want, nil
}
