// Package sidecar is the long-running companion of one ZooKeeper server: it starts the parts, gives them their
// turns, T = Z / R seconds apart (Z backup servers, R turns per second for the whole ensemble), and on shutdown
// makes one last turn before it lets go.
//
// It decides nothing about the archive or the files: what changed in the directory is sidecar/tail's, what the
// archive lacks is uploader's.
package sidecar
