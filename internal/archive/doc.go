// Package archive knows what is in an archive: the names of its objects, the formats of segments and bases,
// the chain of transactions that a listing proves, and the plan that rebuilds a point of it.
//
// It is pure. It reads from readers and catalogs handed to it, does no I/O of its own and has no clock: what
// to restore is a value computed from a listing, and can be printed, tested and thrown away.
//
// # Layout
//
//	PREFIX/zkark.json                        format version, cluster id, created
//	PREFIX/timelines/TL/timeline.json        where the timeline forked from its parent, and why
//	PREFIX/timelines/TL/log/…                segments: the records of (prev, last]
//	PREFIX/timelines/TL/snapshot/…           bases: snapshots
//	PREFIX/timelines/TL/pruned/…             marks: up to where records were removed on purpose
//	PREFIX/servers/…                         what each server was when its sidecar last said so
//	PREFIX/census/…                          what each starting server held
//	PREFIX/drills/…                          when the archive was last proven restorable
//
// A LIST is the whole catalog: names carry first, last, prev, the times of the first and last transaction, the source server and
// a content hash. Objects are written once and never change. The payload of a segment is a log file, and that
// of a base a plain snapshot file, that ZooKeeper itself reads after `zstd -d`; zkark's own metadata rides in a
// zstd skippable frame in front. An object whose name ends in .age is all of that, encrypted to age recipients; randomness
// for the encryption is the one thing that this package takes from outside.
//
// # Chain
//
// Two records are linked only where that is proven: by the counter inside an epoch, or by being neighbours in
// one server's log across an election. A segment that begins after a jump has no known predecessor. See chain.go.
//
// # Retention
//
// What may be removed is a value too: Expendable. Every point that is kept is planned to the same base and records without the
// removed objects, however many of them are gone, in the order that Expiry gives. Ages are by the store's clock. See retention.go.
package archive
