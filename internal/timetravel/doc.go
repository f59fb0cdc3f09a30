// Package timetravel rebuilds the tree at a point of a history, from a base and the log records after it, and
// compares it on the way with every digest that ZooKeeper recorded.
package timetravel
