// Package uploader adds to the archive what it lacks and the local server has: that one rule is also the retry, the
// restart, the failover and the repair.
//
// It compares a listing of the archive with the runs of records that the local logs hold, cuts segments out of
// the difference, and puts them create-only. Putting the same twice, or in another order, changes nothing. It keeps no state of
// its own: the listing is where it stopped.
//
// What the local server has comes through Local. The uploader trusts it to give only records that are durable, and only
// snapshots that are sealed. Before it adds anything it proves on one record that the archive's history is the server's.
package uploader
