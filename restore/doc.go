// Package restore rebuilds a server's data directory: plan → fetch → build → prove → swap.
//
// The plan is data, computed by internal/archive from a listing. Fetching and building happen in a staging
// directory on the target's file system. Proving replays what was built, in memory, against the tree digests
// that ZooKeeper recorded. Only what is proven is swapped in, and the old directory is kept.
//
// It never writes into a directory that a server is using, and never leaves a mix of old and new.
package restore
