// Package zoocfg reads what a ZooKeeper server is told about itself: zoo.cfg, the dynamic configuration file
// that it points to, and myid (ZooKeeper QuorumPeerConfig).
package zoocfg
