// Package loop has the steps of zkark's main job on a real ZooKeeper server, for the demo to narrate and the tests to vary:
// write znodes of every kind, ship with a zkark sidecar, wait until the archive has it all, restore, and compare
// every znode with what was there before.
//
// zkark itself is only run as a binary, and the archive only read through its listing, as an operator would.
package loop
