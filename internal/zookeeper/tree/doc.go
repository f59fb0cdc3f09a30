// Package tree is ZooKeeper's data tree in memory: it loads a snapshot, applies transactions with the exact
// rules of ZooKeeper's DataTree, and keeps ZooKeeper's own tree digest (ZooKeeper 3.6 DigestCalculator) up to
// date, so that after each transaction of a real log the digest can be compared with the one that the server recorded.
//
// # Applying
//
// Replay never fails on meaning: a create of what exists or a delete of what does not is what a fuzzy snapshot
// looks like, and ZooKeeper passes over it. A parent's cversion and pzxid only move forward; all else is taken from the
// transaction as it stands. A multi with a failed operation has no effect at all. Apply does fail on what the
// server could not have done, such as a body that does not fit its type.
//
// Once every transaction that a fuzzy snapshot may hold part of has been applied, the tree is exact. One thing
// cannot be made good: before 3.6 a closeSession does not list its nodes, so where such a node was deleted
// while the snapshot was taken, its parent may keep an older pzxid, in ZooKeeper as here.
//
// # Digest
//
// The digest of the tree is the 64-bit sum of each node's CRC-32 over path, data and statistics. Nodes below
// /zookeeper/ do not count; ACLs, sessions and null against empty data are invisible to it. It proves what it
// covers, no more. Paths beyond ASCII count differently under each charset of a JVM, so the tree keeps all of
// the sums: see Digests.
//
// # Quotas
//
// The nodes named zookeeper_stats below /zookeeper/quota hold what each server counts for itself, without
// transactions, and counts again when it loads a snapshot. Here they hold what the snapshot or the log said.
package tree
