// Package watch says "look again" when something may have changed in ZooKeeper's directories.
//
// File system notifications are hints: they get lost on overflow, on network file systems and when a directory
// is replaced. A ticker is the truth. Every signal means the same, so a missed one costs a little time, never data.
//
// Its one function, Run, belongs to the caller's goroutine and ends with the caller's context.
package watch
