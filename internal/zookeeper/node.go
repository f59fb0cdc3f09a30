package zookeeper

// ACL is one entry of a node's access control list.
type ACL struct {
	Perms  int32  // bits: read 1, write 2, create 4, delete 8, admin 16
	Scheme string // opaque bytes: ZooKeeper writes CESU-8, never re-encode
	ID     string // opaque bytes
}

// Stat is the statistics of a node as a snapshot stores them (ZooKeeper StatPersisted).
type Stat struct {
	Czxid          Zxid  // transaction that created the node
	Mzxid          Zxid  // transaction that last changed its data
	Ctime          int64 // milliseconds since 1970, the leader's clock
	Mtime          int64 // milliseconds since 1970, the leader's clock
	Version        int32 // changes of the data
	Cversion       int32 // creations of children; clients are shown 2·Cversion − number of children
	Aversion       int32 // changes of the ACL
	EphemeralOwner int64 // 0, a session id, or the marks of containers and TTL nodes
	Pzxid          Zxid  // transaction that last created or deleted a child
}

// ContainerOwner is the EphemeralOwner of a container node (ZooKeeper 3.5 EphemeralType).
const ContainerOwner int64 = -1 << 63
