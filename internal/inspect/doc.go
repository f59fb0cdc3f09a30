// Package inspect shows what ZooKeeper's transaction logs and snapshots hold, as a table for people or as JSON, one
// object a line, for programs.
//
// It streams: a file may be larger than memory. Strings from the files can hold anything, so nothing that a terminal
// would act on is ever passed through, and a string that is not UTF-8 is shown escaped, in JSON with its bytes beside it.
//
// Zxids, sessions and digests are strings in JSON, 0x and hex digits: as numbers they would be narrowed to 53 bits.
package inspect
