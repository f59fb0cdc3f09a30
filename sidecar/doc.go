// Package sidecar is the long-running companion of one ZooKeeper server: it starts the parts, gives them their
// turns, T = Z / R seconds apart (Z backup servers, R turns per second for the whole ensemble), and on shutdown
// makes one last turn before it lets go.
//
// It decides nothing about the archive or the files: what changed in the directory is sidecar/tail's, what the
// archive lacks is uploader's.
//
// Compaction and, where it is asked for, pruning go beside all that at intervals of their own.
//
// Looking never waits for the store, so that files are held open before the server purges them, and the log never waits for a
// snapshot. Nothing that fails ends the sidecar. It ends without an error only when everything that the server has logged is archived.
//
// On the turns, but in a loop of its own, it asks ZooKeeper how far it is, and now and then archives a report of that. ZooKeeper need not answer:
// nothing waits for it, and its silence is no failure of the sidecar. But when it says that it goes on, and nothing of that is to be seen in
// its directories, that is told.
package sidecar
