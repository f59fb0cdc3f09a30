// Package recovery brings a subtree, or one znode, from an archived state into a live ensemble through the client protocol.
//
// Select takes what is wanted out of an archived tree, Read takes what is there from the servers, and Diff is the difference as data:
// nothing else is ever changed. Ephemeral znodes and all below /zookeeper belong to others and are left alone, and so are siblings
// whose name only begins like the path.
//
// Apply makes the changes in batches. Each batch is one multi, bounded in bytes, and holds only if every znode in it is still as it was
// read: a create expects that there is none, a change and a delete name the version. Where a client was faster, nothing of that
// batch happens, and a *ConflictError says where. ACLs of existing znodes, containers and TTL znodes are requests of their own,
// because the client library has no form of them in a multi; they are version-checked too.
//
// There is no state to resume from. A run that was killed leaves whole batches behind, and the next diff is what remains.
//
// Servers do not show clients whether a lasting znode is a container or has a TTL. So a znode that exists keeps its kind, and one that was
// deleted as extra comes back from an undo as persistent.
//
// A version does not tell a znode from another that took its place between reading and writing; ZooKeeper has no check for that.
package recovery
