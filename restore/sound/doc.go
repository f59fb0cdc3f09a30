// Package sound tells whether a server would start with the data that it has: whether there is any, whether its newest complete
// snapshot can be read to the end, and whether the logs that continue it can.
//
// It allows for what a server that was killed leaves behind and starts with all the same: a snapshot that is not complete beside one that
// is, and a half-written record at the end of the newest log. It only reads.
package sound
