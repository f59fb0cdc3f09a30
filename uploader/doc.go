// Package uploader adds to the archive what it lacks and the local server has: that one rule is also the retry, the
// restart, the failover and the repair.
//
// It compares a listing of the archive with the runs of records that the local logs hold, cuts segments out of
// the difference, and puts them create-only. Putting the same twice, or in another order, changes nothing. It keeps no state of
// its own: the listing is where it stopped.
//
// Compaction adds a large segment where the archive has many small ones; it too only adds. Pruner alone removes, and needs no
// server. What it removed is below a mark in the listing, and is not lacking any more.
//
// What the local server has comes through Local. The uploader trusts it to give only records that are durable, and only
// snapshots that are sealed. Before it adds anything it proves on one record that the archive's history is the server's, and again
// when the server has another record there. Where it is not, a standalone server that shares the archive's past goes on in a new timeline;
// everybody else adds nothing.
package uploader
