package zookeeper

import (
	"strconv"
	"strings"
)

// VersionDir is the directory under dataDir and dataLogDir that holds snapshots and logs.
const VersionDir = "version-2"

// Compression is how a snapshot file is packed. ZooKeeper tells it from the last part of the file name
// (ZooKeeper 3.6 SnapStream).
type Compression string

// The compressions that ZooKeeper writes.
const (
	Plain  Compression = ""
	Gzip   Compression = "gz"
	Snappy Compression = "snappy"
)

// LogName is the name of the transaction log whose first record is first.
func LogName(first Zxid) string { return "log." + strconv.FormatUint(uint64(first), 16) }

// SnapshotName is the name of the snapshot that was started when start was the last applied transaction.
func SnapshotName(start Zxid, c Compression) string {
	name := "snapshot." + strconv.FormatUint(uint64(start), 16)
	if c != Plain {
		name += "." + string(c)
	}
	return name
}

// ParseLogName reads the zxid in a name of the exact form log.<hex>. Names that ZooKeeper itself would
// still load (log.5.bak, log.5.fixed) are refused: nobody knows what they hold.
func ParseLogName(name string) (first Zxid, ok bool) {
	digits, ok := strings.CutPrefix(name, "log.")
	if !ok {
		return 0, false
	}
	return parseHex(digits)
}

// ParseSnapshotName reads a name of the exact form snapshot.<hex>, snapshot.<hex>.gz or snapshot.<hex>.snappy.
func ParseSnapshotName(name string) (start Zxid, c Compression, ok bool) {
	digits, ok := strings.CutPrefix(name, "snapshot.")
	if !ok {
		return 0, Plain, false
	}
	digits, ext, packed := strings.Cut(digits, ".")
	c = Compression(ext)
	if packed && c != Gzip && c != Snappy {
		return 0, Plain, false
	}
	start, ok = parseHex(digits)
	return start, c, ok
}

func parseHex(digits string) (Zxid, bool) {
	if digits == "" || strings.Trim(digits, "0123456789abcdef") != "" {
		return 0, false
	}
	v, err := strconv.ParseUint(digits, 16, 64)
	return Zxid(v), err == nil
}
