// Package install swaps a proven directory in for an old one.
//
// The swap is a written list of steps, each of which can be done twice: a step knows by the inode number whether it is
// done already. The list is made durable first and then carried out; a process that dies in between leaves the
// list behind, and Resume finishes it.
//
// With one directory the swap is a single exchange of two names, so that a server that starts at any moment sees all of the
// old data or all of the new. Where dataDir and dataLogDir are separate no file system can do that. Then the old snapshots
// go first and the new ones come last, because a server that finds logs without a snapshot refuses to start
// (since ZooKeeper 3.5.3), whereas one that finds old snapshots with new logs would load the mixture.
package install
