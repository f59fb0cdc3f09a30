// Package zkserver runs real ZooKeeper servers for tests, benchmarks and the demo: standalone or as an ensemble, on free
// ports of 127.0.0.1, in directories of the caller's.
//
// A server dies with the process that started it (on Linux even when that process is killed), and its log is kept and
// can be asked for what it complained about.
//
// install.sh gets the releases to run; without Java or ZooKeeper, Find says what to install and Require skips the test.
package zkserver
