// Package drill starts a real ZooKeeper server on a restored directory, in a sandbox, and compares every znode that it shows a client with
// what zkark has computed from the same files.
//
// The server stands alone on free ports of the loopback interface, checks no ACL, and is killed in the end.
package drill
