package archive

import (
	"math"
	"time"

	"github.com/zkark/zkark/internal/zookeeper"
)

// Segment is what the name of a segment tells: an object with the records of (Prev, Last] in one server's log. A
// segment never spans an epoch, so it holds exactly the zxids First to Last.
type Segment struct {
	First, Last zookeeper.Zxid
	Prev        zookeeper.Zxid // the record that First is linked to; 0 before the first of all
	Linked      bool           // false after a jump: Prev is unknown
	FirstTime   time.Time      // of the records First and Last, by the leader's clock, to the millisecond
	LastTime    time.Time
	Source      int    // myid of the server whose log it was, 0 for a standalone server; at most 999
	Hash        string // 16 hex digits: Meta.ContentHash of the log file inside
	Encrypted   bool   // with age
	Size        int64  // bytes of the object, from the listing; not in the name

	Modified time.Time // when the object was stored, by the store's clock, from the listing
}

// Base is what the name of a base tells: a snapshot that holds everything up to Start and nothing after End.
type Base struct {
	Start, End zookeeper.Zxid
	Time       time.Time // when the server finished writing it
	Source     int
	Hash       string // 16 hex digits: Meta.ContentHash of the snapshot file inside
	Encrypted  bool   // with age
	Size       int64  // bytes of the object, from the listing; not in the name

	Modified time.Time // when the object was stored, by the store's clock, from the listing
}

// valid tells whether the fields can be true of one segment: one epoch, in order, and a link that the counter or an
// election explains.
func (s Segment) valid() bool {
	if s.First > s.Last || s.First.Epoch() != s.Last.Epoch() || s.Last == math.MaxUint64 {
		return false
	}
	if !s.Linked || s.Prev+1 == s.First {
		return true
	}
	return s.First.Counter() == 1 && s.Prev.Epoch() < s.First.Epoch()
}
