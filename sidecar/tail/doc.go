// Package tail understands a living ZooKeeper directory: it follows logs that grow, roll, shrink and vanish, and
// snapshots that appear, and tells what it found as ordered events.
//
// It only reads. It holds open every log that it has not been told is archived, so that a file the server
// deletes meanwhile can still be read.
//
// The step from one look at the directory to the next is a pure function of the state and what was seen.
package tail
