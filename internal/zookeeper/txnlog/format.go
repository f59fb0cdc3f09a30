package txnlog

const (
	headerSize   = 16     // magic, version, dbid
	frameSize    = 13     // checksum, length and end byte around a payload
	prefixSize   = 12     // checksum and length in front of a payload
	minPayload   = 32     // a TxnHeader
	endOfRecord  = 'B'    // 0x42
	fileMagic    = "ZKLG" // ZooKeeper FileTxnLog.TXNLOG_MAGIC
	fileVersion  = 2      // written by every release, checked by none
	digestSize   = 12
	digestLatest = 2
)
