// Package tree is ZooKeeper's data tree in memory: it loads a snapshot, applies transactions with the exact
// rules of ZooKeeper's DataTree, and keeps ZooKeeper's own tree digest (ZooKeeper 3.6 DigestCalculator) up to
// date, so that after each transaction of a real log the digest can be compared with the one that the server recorded.
//
// # Applying
//
// Replay never fails on meaning: a create of what exists or a delete of what does not is what a fuzzy snapshot
// looks like, and ZooKeeper passes over it. Versions and pzxid only move forward. A multi with a failed
// operation has no effect at all. Apply does fail on what the server could not have done, such as a body that
// does not fit its type.
//
// # Digest
//
// The digest of the tree is the 64-bit sum of each node's CRC-32 over path, data and statistics. Nodes below
// /zookeeper/ do not count; ACLs, sessions and null against empty data are invisible to it. It proves what it
// covers, no more.
package tree
