// Package timetravel rebuilds the tree at a point of a history, from a base and the log records after it, and
// compares it on the way with every digest that ZooKeeper recorded.
//
// # What is proven
//
// A Replay refuses records that do not follow each other: inside an epoch the counter is dense, and a new epoch
// starts at counter 1. That nothing is missing across an election only a digest can tell.
//
// Where a record carries a digest, the tree has to have it afterwards. Three things are allowed for:
//
//   - A base is fuzzy: until the last transaction that it may hold part of, digests differ. Where that
//     transaction is not known, they may differ up to the first one that is right.
//   - A server that starts deletes, without a transaction, the ephemeral nodes of sessions that it does not know. Where
//     doing the same makes the digest right, the Replay does it, and reports a Cleanup.
//   - A leader that changes the root itself, while children of the root come and go, records some wrong digests. They
//     are counted as doubted, and the next right one clears the state again.
//
// Any other difference is a *DigestMismatch. A tree that has a recorded digest is right from there on, because
// transactions have the same effect on equal trees. A digest does not cover ACLs, sessions, or nodes below /zookeeper/.
package timetravel
