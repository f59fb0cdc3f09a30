package snapshot

import "github.com/zkark/zkark/internal/zookeeper"

// Session is a client session as the snapshot's head lists it.
type Session struct {
	ID      int64
	Timeout int32 // milliseconds
}

// ACLEntry is one line of the ACL table. The ids are the writing server's own: two servers give the same list
// different ids.
type ACLEntry struct {
	ID  int64
	ACL []zookeeper.ACL
}

// OpenACL is the id of world:anyone with all permissions on the nodes that a server makes for itself. It is never
// in the table. The same list given by a client is, under an id of its own.
const OpenACL int64 = -1

// Node is one znode. The root's path is "" in the file.
type Node struct {
	Path string
	Data []byte // nil and empty are different; good until the next node is read
	ACL  int64  // an id of the ACL table, or OpenACL; in a fuzzy snapshot the table may lack it
	Stat zookeeper.Stat
}

// Trailer is what can follow the nodes. Nil fields were not in the file.
type Trailer struct {
	Digest   *Digest         // ZooKeeper 3.6, with zookeeper.digest.enabled
	LastZxid *zookeeper.Zxid // ZooKeeper 3.9, with zookeeper.serializeLastProcessedZxid.enabled
}

// Digest is the tree digest at Zxid, the last transaction applied when the snapshot was finished. Zxid 0 means
// that the server knew none, not that the tree was empty.
type Digest struct {
	Zxid    zookeeper.Zxid
	Version int32
	Tree    uint64
}
