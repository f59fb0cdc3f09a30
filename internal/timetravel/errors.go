package timetravel

import (
	"fmt"

	"github.com/zkark/zkark/internal/zookeeper"
)

// DigestMismatch reports that the replayed tree is not the one that the server had after a transaction: records
// are missing or wrong, or the base is.
type DigestMismatch struct {
	Zxid      zookeeper.Zxid
	Want, Got uint64         // what the server recorded, and what the replayed tree has
	Good      zookeeper.Zxid // the last transaction whose digest was right, 0 if none was
}

// Error names the transaction, both digests and the last good one.
func (e *DigestMismatch) Error() string {
	since := "no digest before it was right"
	if e.Good != 0 {
		since = fmt.Sprintf("the last digest that was right is that of %s", e.Good)
	}
	return fmt.Sprintf("after %s the server recorded tree digest %d, replay gives %d; %s", e.Zxid, e.Want, e.Got, since)
}

// SequenceError reports a record that does not follow the one before it.
type SequenceError struct {
	Prev zookeeper.Zxid // the last record, or the base's start
	Got  zookeeper.Zxid
}

// Error tells which records are missing, or that the history goes backwards.
func (e *SequenceError) Error() string {
	switch {
	case e.Got <= e.Prev:
		return fmt.Sprintf("%s comes after %s: the history goes backwards", e.Got, e.Prev)
	case e.Got.Epoch() == e.Prev.Epoch():
		return fmt.Sprintf("%s comes after %s: %s to %s are missing", e.Got, e.Prev, e.Prev+1, e.Got-1)
	}
	first := zookeeper.MakeZxid(e.Got.Epoch(), 1)
	return fmt.Sprintf("%s comes after %s: %s to %s are missing", e.Got, e.Prev, first, e.Got-1)
}
