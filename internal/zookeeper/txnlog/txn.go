package txnlog

import "github.com/zkark/zkark/internal/zookeeper"

// Header is the fixed part in front of every transaction.
type Header struct {
	Session int64 // the client's session id, 0 for deletions that the server made itself
	Cxid    int32 // the client's request number
	Zxid    zookeeper.Zxid
	Time    int64 // milliseconds since 1970, the leader's clock: it can go backwards between leaders
	Type    Type
}

// Record is one transaction as it stands in the log. Payload is the bytes that the checksum covers, header
// included; it aliases the reader's buffer and is good until the next call of Next.
type Record struct {
	Header
	Payload []byte
	Name    string // the file, for messages
	Offset  int64  // where the record starts in its file
}

// Size is the number of bytes that the record takes in a log file.
func (r Record) Size() int64 { return int64(len(r.Payload)) + frameSize }

// Digest is the tree digest after the transaction, as the leader computed it (ZooKeeper 3.6 TxnDigest).
//
// Version is 2 in every release so far. Another version on a closeSession is no digest at all, but what a follower with
// zookeeper.closeSessionTxn.enabled=false made of its leader's list of paths: compare Tree only under version 2.
type Digest struct {
	Version int32
	Tree    uint64
}

// Txn is a decoded transaction. Digest is nil where the server recorded none.
type Txn struct {
	Header
	Body   Body
	Digest *Digest
}

// Body is the part of a transaction that depends on its type: one of the structs below.
type Body interface{ body() }

// Create is the body of create, create2, createContainer and createTTL.
type Create struct {
	Path           string
	Data           []byte // nil and empty are different
	ACL            []zookeeper.ACL
	Ephemeral      bool  // create and create2 only
	V0             bool  // the form of releases before 3.4, create only: it ends before ParentCversion
	ParentCversion int32 // the parent's Cversion afterwards; -1 where V0 is true: count up instead
	TTL            int64 // createTTL only, milliseconds
}

// Delete is the body of delete and deleteContainer.
type Delete struct{ Path string }

// SetData is the body of setData and, on /zookeeper/config, of reconfig.
type SetData struct {
	Path    string
	Data    []byte
	Version int32 // the node's version afterwards
}

// SetACL is the body of setACL.
type SetACL struct {
	Path     string
	ACL      []zookeeper.ACL
	Aversion int32 // the node's ACL version afterwards
}

// Check is the body of a version check inside a multi.
type Check struct {
	Path    string
	Version int32 // one more than the version that the client asked for
}

// Multi is the body of an atomic group. When any of Ops is an Error, none of them has an effect, although
// the operations before the failed one keep their full bodies.
type Multi struct{ Ops []Op }

// Op is one operation of a Multi.
type Op struct {
	Type Type
	Body Body
}

// CreateSession is the body of createSession.
type CreateSession struct{ Timeout int32 } // milliseconds

// CloseSession is the body of closeSession. Releases from 3.6 list the ephemeral nodes that go with it.
type CloseSession struct {
	Listed bool // whether the list is there at all; it can be there and empty
	Paths  []string
}

// Error is the body of a request that failed; it still used up a zxid.
type Error struct {
	Code int32

	// Rest is only there in an operation of a Multi, of which Code then is no error code but the first four bytes. A server that
	// applies a failed group before it has logged it makes errors of all its operations and leaves their bodies as they were
	// (ZooKeeper 3.4 – 3.9 DataTree.processTxn), so that they are logged under the wrong type: seen of leaders whose followers
	// are faster. ZooKeeper reads the code and passes over the rest. So one failed group may differ between servers.
	Rest []byte
}

// Unknown is the body of a type that this package does not know: every byte after the header. Whether the last
// of them are a digest cannot be told, so Txn.Digest is nil.
type Unknown struct{ Raw []byte }

func (Create) body()        {}
func (Delete) body()        {}
func (SetData) body()       {}
func (SetACL) body()        {}
func (Check) body()         {}
func (Multi) body()         {}
func (CreateSession) body() {}
func (CloseSession) body()  {}
func (Error) body()         {}
func (Unknown) body()       {}
