// Package snapshot reads and writes ZooKeeper's snapshots (ZooKeeper FileSnap, SnapStream, releases 3.4 to 3.9)
// as streams, with memory that does not grow with the number of nodes.
//
// Uncompressed, a snapshot is
//
//	header │ sessions │ ACL table │ nodes, "/" │ seal │ [digest │ seal] │ [last processed zxid │ seal]
//
// where a seal is the Adler-32 of every byte before it. The two optional trailers carry no tag: what is there is
// told by what is left.
//
// A snapshot is sealed when it decodes whole, every seal is good and nothing follows the last one. Nothing less
// counts: a snapshot stands under its final name while it is still being written, and a torn one can end in
// the right bytes.
//
// A snapshot is fuzzy. It holds every effect of transactions up to the zxid in its name, and any part of the
// effects of some transactions after it; nodes can name ACLs that the table does not hold. On its own it is
// not a state that ever existed; replaying the log over it makes it one.
package snapshot
