// Package txnlog reads and writes ZooKeeper's transaction logs (ZooKeeper FileTxnLog, releases 3.4 to 3.9).
//
// A log file is a 16-byte header and then records, back to back:
//
//	checksum 8 │ length 4 │ payload: TxnHeader 32, body, optional TxnDigest 12 │ 0x42
//
// The checksum is the Adler-32 of the payload only. After the last record come zeros, because the server
// grows the file in steps of 64 MiB, or the end of the file.
//
// # Reading a file that is being written
//
// Reader works on an io.ReaderAt at an offset, and its Next says one of:
//
//	a Record       whole, checksum and end byte good
//	io.EOF         nothing more yet: the end of the file, or zeros where a checksum and a length would be
//	*TornError     bytes of a record are there, but not all of them; the server may still be writing it
//	*CorruptError  a bad record with a good one behind it: it will never become whole
//
// and *FormatError for a file that is no log at all. After an error the reader stays where it is, and Next can be
// called again when the file has grown. Next looks for a good record in the first MiB behind a bad one;
// CheckEnd proves, for a file that is finished, that none hides anywhere behind the end.
//
// The Reader does not judge the order of zxids. A record of type -1 that repeats the zxid in front of it is
// normal (ZooKeeper PrepRequestProcessor, a request that could not be decoded).
//
// Record keeps the payload's bytes exactly as the server wrote them; Record.Decode interprets them. A type
// that this package does not know decodes to Unknown and loses nothing.
//
// Nothing here knows of directories, clocks or archives.
package txnlog
