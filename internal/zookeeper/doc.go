// Package zookeeper holds the words that every ZooKeeper file shares: the transaction id, the ACL, the
// node statistics, and the names of files in a data directory.
//
// It and its sub-packages describe ZooKeeper as it is, from release 3.4 to 3.9. They import nothing of the
// rest of zkark, do no I/O of their own beyond the readers and writers handed to them, and keep no state; but for probe, which asks
// servers over the network.
//
//	jute       ZooKeeper's binary encoding
//	txnlog     transaction log files: records in, records out
//	snapshot   snapshot files: streaming reader and writer
//	tree       the data tree: applying transactions, tree digests
//	zoocfg     zoo.cfg, the dynamic configuration and myid
//	probe      a live server or ensemble, seen from outside
package zookeeper
