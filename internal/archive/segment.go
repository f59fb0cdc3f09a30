package archive

import (
	"fmt"
	"time"

	"github.com/zkark/zkark/internal/zookeeper"
)

// Segment is what the name of a segment tells: an object with the records of (Prev, Last] in one server's log.
type Segment struct {
	First, Last zookeeper.Zxid
	Prev        zookeeper.Zxid // the record that First is linked to; 0 before the first of all
	Linked      bool           // false after a jump: Prev is unknown
	FirstTime   time.Time      // of the first and last record, by the leader's clock, to the millisecond
	LastTime    time.Time
	Source      int    // myid of the server whose log it was, 0 for a standalone server
	Hash        string // 16 hex digits: the front of the SHA-256 of the log file inside
	Size        int64  // bytes of the object, from the listing; not in the name
}

// Base is what the name of a base tells: a snapshot that holds everything up to Start and nothing after End.
type Base struct {
	Start, End zookeeper.Zxid
	Time       time.Time // when the server finished writing it
	Source     int
	Hash       string // 16 hex digits: the front of the SHA-256 of the snapshot file inside
	Size       int64  // bytes of the object, from the listing; not in the name
}

// Names sort by the first zxid, are readable, and hold only what every store and file system takes:
//
//	log/0000000100000001-00000001000000ff.after-0000000000000000.20261123T084307.123Z-20261123T084312.007Z.s001.0123456789abcdef.log.zst
//	snapshot/0000000100000001-0000000100000007.20261123T084307.123Z.s001.0123456789abcdef.snapshot.zst
const (
	logDir      = "log/"
	snapshotDir = "snapshot/"
	unknownPrev = "xxxxxxxxxxxxxxxx"
	timeLayout  = "20060102T150405.000Z"
)

// Key is the segment's name below its timeline.
func (s Segment) Key() string {
	prev := unknownPrev
	if s.Linked {
		prev = fixed(s.Prev)
	}
	return fmt.Sprintf("%s%s-%s.after-%s.%s-%s.s%03d.%s.log.zst", logDir, fixed(s.First), fixed(s.Last), prev,
		stamp(s.FirstTime), stamp(s.LastTime), s.Source, s.Hash)
}

// Key is the base's name below its timeline.
func (b Base) Key() string {
	return fmt.Sprintf("%s%s-%s.%s.s%03d.%s.snapshot.zst", snapshotDir, fixed(b.Start), fixed(b.End),
		stamp(b.Time), b.Source, b.Hash)
}

func fixed(z zookeeper.Zxid) string { return fmt.Sprintf("%016x", uint64(z)) }

func stamp(t time.Time) string { return t.UTC().Format(timeLayout) }
