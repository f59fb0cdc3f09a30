package txnlog

const (
	headerSize  = 16     // magic, version, dbid
	frameSize   = 13     // checksum, length and end byte around a payload
	prefixSize  = 12     // checksum and length in front of a payload
	minPayload  = 32     // a TxnHeader
	endOfRecord = 'B'    // 0x42
	fileMagic   = "ZKLG" // ZooKeeper FileTxnLog.TXNLOG_MAGIC
	// header has the version, 2, which every release writes and none checks, and the dbid, which no release sets.
	header       = fileMagic + "\x00\x00\x00\x02" + "\x00\x00\x00\x00\x00\x00\x00\x00"
	digestSize   = 12
	digestLatest = 2
)
