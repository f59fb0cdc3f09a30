package tree

import (
	"slices"

	"github.com/zkark/zkark/internal/zookeeper"
)

// Orphans lists, sorted, the ephemeral nodes whose session is not open. A server that starts, alone or as the
// new leader, deletes them from its own tree without a transaction (ZooKeeper ZooKeeperServer.loadData). With ttl, TTL nodes
// count as ephemeral, as they do for a server without zookeeper.extendedTypesEnabled.
func (t *Tree) Orphans(ttl bool) []string {
	var paths []string
	for owner, set := range t.ephemerals {
		if _, open := t.sessions[owner]; open || isTTL(owner) && !ttl {
			continue
		}
		for n := range set {
			paths = append(paths, n.path)
		}
	}
	slices.Sort(paths)
	return paths
}

// DigestsWithout is the digests that the tree would have if Delete(paths, at) were called: paths that exist and have no
// children, each once.
func (t *Tree) DigestsWithout(paths []string, at zookeeper.Zxid) Digests {
	d := t.Digests()
	parents := map[*node]bool{}
	for _, path := range paths {
		if n := t.nodes[path]; n != nil && n.parent != nil {
			d.change(&t.digester, n, -1)
			parents[n.parent] = true
		}
	}
	for p := range parents {
		d.change(&t.digester, p, -1)
		moved := node{path: p.path, data: p.data, stat: p.stat}
		moved.stat.Pzxid = max(p.stat.Pzxid, at)
		d.change(&t.digester, &moved, 1)
	}
	return d
}

// change adds a node's digests, times sign.
func (d *Digests) change(by *digester, n *node, sign int64) {
	for c, s := range by.wide(n.path, n.data, &n.stat) {
		d[c] += uint64(sign * int64(s))
	}
}

// Delete removes nodes as a server does on its own, without a transaction: the parents' pzxid moves up to at, LastZxid
// stays.
func (t *Tree) Delete(paths []string, at zookeeper.Zxid) error {
	for _, path := range paths {
		if err := t.delete(path, at); err != nil {
			return err
		}
	}
	return nil
}
