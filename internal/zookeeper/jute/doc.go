// Package jute reads and writes ZooKeeper's binary encoding: big-endian integers, and strings, buffers and
// vectors behind a 4-byte length where -1 means null (ZooKeeper BinaryInputArchive, BinaryOutputArchive).
//
// Strings are opaque bytes. ZooKeeper writes UTF-16 surrogates one by one (CESU-8), so decoding and encoding
// again would change them.
package jute
