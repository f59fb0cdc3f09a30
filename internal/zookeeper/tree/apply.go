package tree

import (
	"errors"
	"fmt"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

// Apply makes the changes of one transaction, as ZooKeeper's DataTree.processTxn does since 3.6, and moves LastZxid
// up to it. A transaction that finds nothing to change is no error. An error means that no server could have
// applied the transaction; the tree is then not to be used any more. The tree keeps the data and the strings of txn; nobody may change them afterwards.
//
// In one point Apply converges where ZooKeeper does not: a create of a node that exists moves the parent's
// cversion and pzxid forward for every kind of create, not only for the plain one.
func (t *Tree) Apply(txn txnlog.Txn) error {
	if err := t.apply(&txn.Header, txn.Type, txn.Body); err != nil {
		return fmt.Errorf("apply %s, type %d: %w", txn.Zxid, txn.Type, err)
	}
	t.last = max(t.last, txn.Zxid)
	return nil
}

// errBody is what apply says about a body that belongs to another type.
var errBody = errors.New("the body does not belong to the type")

func (t *Tree) apply(h *txnlog.Header, typ txnlog.Type, body txnlog.Body) error {
	switch b := body.(type) {
	case txnlog.Create:
		return t.create(h, typ, b)
	case txnlog.Delete:
		if typ == txnlog.TypeDelete || typ == txnlog.TypeDeleteContainer {
			return t.delete(b.Path, h.Zxid)
		}
	case txnlog.SetData:
		if typ == txnlog.TypeSetData || typ == txnlog.TypeReconfig {
			t.setData(h, b)
			return nil
		}
	case txnlog.SetACL:
		if typ == txnlog.TypeSetACL {
			t.setACL(b)
			return nil
		}
	case txnlog.Multi:
		if typ == txnlog.TypeMulti {
			return t.multi(h, b)
		}
	case txnlog.CreateSession:
		if typ == txnlog.TypeCreateSession {
			t.sessions[h.Session] = b.Timeout
			return nil
		}
	case txnlog.CloseSession:
		if typ == txnlog.TypeCloseSession {
			return t.closeSession(h, b)
		}
	case txnlog.Error, txnlog.Check:
		if typ == txnlog.TypeError || typ == txnlog.TypeCheck {
			return nil
		}
	case txnlog.Unknown:
		return errors.New("the type is not known")
	}
	return errBody
}

// multi applies all of a group or, when the request failed, nothing: the operations before the failed one
// are in the log with their full bodies all the same.
func (t *Tree) multi(h *txnlog.Header, b txnlog.Multi) error {
	for _, op := range b.Ops {
		if op.Type == txnlog.TypeError {
			return nil
		}
	}
	for i, op := range b.Ops {
		if op.Type == txnlog.TypeMulti {
			return fmt.Errorf("operation %d: a group inside a group", i)
		}
		if err := t.apply(h, op.Type, op.Body); err != nil {
			return fmt.Errorf("operation %d, type %d: %w", i, op.Type, err)
		}
	}
	return nil
}

func (t *Tree) create(h *txnlog.Header, typ txnlog.Type, b txnlog.Create) error {
	owner, err := ownerOf(h, typ, b)
	if err != nil {
		return err
	}
	if err := checkPath(b.Path); err != nil {
		return err
	}
	parent := t.nodes[parentPath(b.Path)]
	if parent == nil {
		return nil
	}
	t.advance(parent, b.ParentCversion, h.Zxid)
	acl := t.acls.intern(b.ACL)
	if n := t.nodes[b.Path]; n != nil {
		t.assignACL(n, acl)
		return nil
	}
	n := t.slab.take()
	n.path, n.data, n.acl = b.Path, b.Data, acl
	n.stat = zookeeper.Stat{
		Czxid: h.Zxid, Mzxid: h.Zxid, Pzxid: h.Zxid, Ctime: h.Time, Mtime: h.Time, EphemeralOwner: owner,
	}
	t.insert(n, parent)
	return nil
}

// maxTTL is the longest life of a TTL node: 40 bits of milliseconds (ZooKeeper 3.5.4 EphemeralType).
const maxTTL = 1<<40 - 1

// ownerOf is the ephemeralOwner of a node to be created (ZooKeeper 3.5.4 EphemeralType).
func ownerOf(h *txnlog.Header, typ txnlog.Type, b txnlog.Create) (int64, error) {
	switch typ {
	case txnlog.TypeCreate, txnlog.TypeCreate2:
		if b.Ephemeral {
			return h.Session, nil
		}
		return 0, nil
	case txnlog.TypeCreateContainer:
		return zookeeper.ContainerOwner, nil
	case txnlog.TypeCreateTTL:
		if b.TTL < 1 || b.TTL > maxTTL {
			return 0, fmt.Errorf("time to live of %d ms: want 1 to %d", b.TTL, int64(maxTTL))
		}
		return ttlMark | b.TTL, nil
	}
	return 0, errBody
}

// ttlMark is the top byte of a TTL node's owner; the lower 40 bits are the time to live (ZooKeeper 3.5.4).
const ttlMark int64 = -1 << 56

// isTTL tells whether an owner is that of a TTL node on a server with zookeeper.extendedTypesEnabled.
func isTTL(owner int64) bool { return owner>>56 == ttlMark>>56 }

// advance moves a parent's cversion and pzxid forward, never back: over a fuzzy snapshot the parent can be
// further on than the transaction.
func (t *Tree) advance(parent *node, cversion int32, at zookeeper.Zxid) {
	if cversion == -1 { // a log of a release before 3.4
		cversion = parent.stat.Cversion + 1
	}
	if cversion <= parent.stat.Cversion {
		return
	}
	t.discount(parent)
	parent.stat.Cversion, parent.stat.Pzxid = cversion, at
	t.count(parent)
}

// delete removes a node. The parent's pzxid moves even when the node is already gone, as it may be over a fuzzy
// snapshot.
func (t *Tree) delete(path string, at zookeeper.Zxid) error {
	if err := checkPath(path); err != nil {
		return err
	}
	parent := t.nodes[parentPath(path)]
	if parent == nil {
		return nil
	}
	if at > parent.stat.Pzxid {
		t.discount(parent)
		parent.stat.Pzxid = at
		t.count(parent)
	}
	if n := t.nodes[path]; n != nil {
		t.remove(n)
	}
	return nil
}

func (t *Tree) setData(h *txnlog.Header, b txnlog.SetData) {
	n := t.find(b.Path)
	if n == nil {
		return
	}
	t.discount(n)
	n.data = b.Data
	n.stat.Version, n.stat.Mzxid, n.stat.Mtime = b.Version, h.Zxid, h.Time
	t.count(n)
}

func (t *Tree) setACL(b txnlog.SetACL) {
	n := t.find(b.Path)
	if n == nil {
		return
	}
	t.assignACL(n, t.acls.intern(b.ACL))
	t.discount(n)
	n.stat.Aversion = b.Aversion
	t.count(n)
}

func (t *Tree) assignACL(n *node, acl aclID) {
	if n.acl == danglingACL {
		t.dangling--
	}
	n.acl = acl
}

// closeSession deletes the nodes that the transaction lists, whoever owns them now, and then those that the session
// still owns.
func (t *Tree) closeSession(h *txnlog.Header, b txnlog.CloseSession) error {
	for _, path := range b.Paths {
		if err := t.delete(path, h.Zxid); err != nil {
			return err
		}
	}
	for n := range t.ephemerals[h.Session] {
		if err := t.delete(n.path, h.Zxid); err != nil {
			return err
		}
	}
	delete(t.sessions, h.Session)
	return nil
}

// checkPath refuses paths of nodes that a server can neither create nor delete.
func checkPath(path string) error {
	if len(path) < 2 || path[0] != '/' || path[len(path)-1] == '/' {
		return fmt.Errorf("%q is not the path of a node below the root", path)
	}
	return nil
}
