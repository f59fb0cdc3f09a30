// Package tail understands a living ZooKeeper directory: it follows logs that grow, roll, shrink and vanish, and
// snapshots that appear. Each look tells what happened as events, and afterwards the runs of records that can be read are known,
// each with what it is proven to follow.
//
// It only reads. It holds open every log that it has not been told is archived, so that a file the server
// deletes meanwhile can still be read.
//
// A file is known by device, inode, and the first and last record that were read of it: a log that is truncated, or written anew
// under its name, begins another life. Of a log only whole records with good checksums count; of a snapshot only one
// that is sealed.
//
// What a log holds a second time counts once: ZooKeeper's followers write such echoes, see earlier.
//
// The step from one look at the directory to the next, Step, is a pure function of the state and what was seen.
// Memory is bounded by an index entry for each 256 KiB of log, and does not depend on what the records hold.
package tail
