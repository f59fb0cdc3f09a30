package tree

import (
	"slices"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/snapshot"
)

// DropSessions ends every session without a transaction, and deletes the ephemeral nodes, also those whose session is not open.
// The parents' pzxid moves up to at, LastZxid stays. It returns what went: the sessions by id and the nodes' paths, sorted. TTL nodes
// and containers stay.
func (t *Tree) DropSessions(at zookeeper.Zxid) (sessions []snapshot.Session, paths []string) {
	sessions = t.Sessions()
	for owner, set := range t.ephemerals {
		if _, open := t.sessions[owner]; !open && isTTL(owner) {
			continue
		}
		for n := range set {
			paths = append(paths, n.path)
		}
	}
	slices.Sort(paths)
	for _, path := range paths {
		n := t.nodes[path]
		t.discount(n.parent)
		n.parent.stat.Pzxid = max(n.parent.stat.Pzxid, at)
		t.count(n.parent)
		t.remove(n)
	}
	clear(t.sessions)
	return sessions, paths
}

// configPath is where a server keeps its ensemble's members (ZooKeeper 3.5 ZooDefs.CONFIG_NODE).
const configPath = "/zookeeper/config"

// Members is what the tree says of the ensemble's members: lines of server.N=…, and the zxid of the last change. It is empty
// where the server never was in an ensemble.
func (t *Tree) Members() string {
	if n := t.nodes[configPath]; n != nil {
		return string(n.data)
	}
	return ""
}

// ForgetMembers empties what the tree says of the ensemble's members, as it is in a new server. The next leader writes what its own
// configuration says (ZooKeeper 3.5 ZKDatabase.initConfigInZKDatabase). The digest does not cover it.
func (t *Tree) ForgetMembers() {
	if n := t.nodes[configPath]; n != nil {
		t.discount(n)
		n.data = []byte{}
		t.count(n)
	}
}
