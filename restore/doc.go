// Package restore rebuilds a server's data directory: plan → fetch, build, prove → swap.
//
// The plan is data, computed by internal/archive from a listing. Fetching and building happen in a staging
// directory on the target's file system. Proving replays what was built, in memory, against the tree digests
// that ZooKeeper recorded. Only what is proven is swapped in, and the old directory is kept.
//
// Fetching, building and proving go on at the same time, each as far as the one before it has come:
//
//	fetch   brings objects to files, in the order of the plan, a few ahead of the one in use (download.go)
//	build   unpacks the base into a tree, then segments into logs, and tells how far the logs can be read back (build.go, trail.go)
//	prove   takes that tree to where the base is consistent, writes the snapshot, loads it back from disk, and replays the logs
//	        from disk behind the build (prove.go, settle.go, follow.go)
//
// Nothing of an object gets to the proof before the hash in its name is known to be right. The first failure of any of them ends the others.
//
// It never writes into a directory that a server is using, and never leaves a mix of old and new: a process that dies before any of
// its steps leaves the old data or the new, and the next run finishes or begins anew.
//
// # Points
//
// A time and a deletion are looked up in segments before the plan is made: see Find. Order is that of zxids, whatever clocks say.
//
// # Detours
//
// An object that turns out to be damaged or missing is passed over where the same point can be reached without it, and a
// warning of the plan names it.
//
// # Numbers go forward
//
// A client refuses to go back to a server that has less than it has seen. A standalone server that goes back therefore gets one snapshot
// at a zxid above all that anybody is known to have seen, and the servers of an ensemble that are all restored get epochs
// above it: see forward.go.
package restore
