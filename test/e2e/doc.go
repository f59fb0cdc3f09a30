// Package e2e tests zkark as an operator runs it: the binary, beside real ZooKeeper servers, with an archive in a directory.
//
// The tests skip, and say why, where there is no ZooKeeper. ZKARK_E2E_RELEASES names the servers that the tests of all releases run on:
// "debian" is the one that zkserver.Find finds, and a version like 3.9.5 the one that test/zkserver/install.sh put
// in .cache/zookeeper. ZKARK_E2E_BINARY names a zkark to test instead of one built from here.
package e2e
