package tree

import (
	"slices"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/jute"
)

// aclID stands for an ACL by its value. It has nothing to do with the ids in a snapshot's table.
type aclID int32

const (
	danglingACL aclID = -1 // the snapshot named an id that its table lacks
	openACL     aclID = 0  // world:anyone with all permissions
)

// aclTable holds each different ACL once. It only grows: a history has few of them.
type aclTable struct {
	lists   [][]zookeeper.ACL
	ids     map[string]aclID // by the encoded list
	scratch []byte
}

func newACLTable() aclTable {
	open := []zookeeper.ACL{{Perms: 31, Scheme: "world", ID: "anyone"}}
	return aclTable{lists: [][]zookeeper.ACL{open}, ids: map[string]aclID{}}
}

// intern finds or makes the id of a list. Null is open, as in ZooKeeper's ReferenceCountedACLCache; empty is not.
func (t *aclTable) intern(list []zookeeper.ACL) aclID {
	if list == nil || slices.Equal(list, t.lists[openACL]) {
		return openACL
	}
	t.scratch = jute.AppendACLs(t.scratch[:0], list)
	if id, ok := t.ids[string(t.scratch)]; ok {
		return id
	}
	id := aclID(len(t.lists))
	t.lists = append(t.lists, slices.Clone(list))
	t.ids[string(t.scratch)] = id
	return id
}

// list is the ACL of id, nil where it is dangling.
func (t *aclTable) list(id aclID) []zookeeper.ACL {
	if id == danglingACL {
		return nil
	}
	return t.lists[id]
}
