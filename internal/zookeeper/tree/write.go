package tree

import (
	"fmt"
	"io"

	"github.com/zkark/zkark/internal/zookeeper/snapshot"
)

// WriteSnapshot writes the tree as an exact snapshot. Its name has to be zookeeper.SnapshotName(t.LastZxid(),
// zookeeper.Plain). Without a trailer every release under every setting loads it. It fails when an ACL is not known,
// rather than open a node to the world or close it to everybody.
func (t *Tree) WriteSnapshot(w io.Writer, trailer snapshot.Trailer) error {
	if t.dangling > 0 {
		return fmt.Errorf("write snapshot %s: %d nodes have an ACL that is not known: the state is not consistent", t.last, t.dangling)
	}
	ids, table := t.numberACLs()
	sw, err := snapshot.NewWriter(w, t.Sessions(), table)
	if err != nil {
		return fmt.Errorf("write snapshot %s: %w", t.last, err)
	}
	err = walk(t.nodes[""], func(n *node) error {
		return sw.Write(snapshot.Node{Path: n.path, Data: n.data, ACL: ids[n.acl], Stat: n.stat})
	})
	if err != nil {
		return fmt.Errorf("write snapshot %s: %w", t.last, err)
	}
	if err := sw.Close(trailer); err != nil {
		return fmt.Errorf("write snapshot %s: %w", t.last, err)
	}
	return nil
}

// numberACLs gives the ACLs in use the ids of a fresh server, from 1.
func (t *Tree) numberACLs() (ids []int64, table []snapshot.ACLEntry) {
	used := make([]bool, len(t.acls.lists))
	for _, n := range t.nodes {
		used[n.acl] = true
	}
	ids = make([]int64, len(used))
	ids[openACL] = snapshot.OpenACL
	for id := openACL + 1; int(id) < len(used); id++ {
		if used[id] {
			ids[id] = int64(len(table) + 1)
			table = append(table, snapshot.ACLEntry{ID: ids[id], ACL: t.acls.list(id)})
		}
	}
	return ids, table
}
