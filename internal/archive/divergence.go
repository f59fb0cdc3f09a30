package archive

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/zkark/zkark/internal/zookeeper"
)

// Divergence is one record that servers tell different things of. Both things are in the names of their segments.
//
// The content hashes prove nothing here: one transaction may have different bytes in two servers' logs. A group that fails is logged
// with the operations as they were, or with their types set to −1, as the server had applied it before it was written or not (ZooKeeper 3.8
// DataTree.processTxn changes the transaction that the log's thread writes). What it is follows from its header, of which a name tells zxid and time.
type Divergence struct {
	At    zookeeper.Zxid
	Prevs []zookeeper.Zxid // what it is said to follow, when that is what they disagree on
	Times []time.Time      // when it is said to have been made: there are two transactions of this zxid
}

// String is a sentence.
func (d Divergence) String() string {
	if len(d.Prevs) > 0 {
		return (&DivergedError{At: d.At, Prevs: d.Prevs}).Error()
	}
	times := make([]string, len(d.Times))
	for i, t := range d.Times {
		times[i] = t.UTC().Format(time.RFC3339Nano)
	}
	return fmt.Sprintf("there are two transactions %s: servers say that it was made at %s", d.At, times)
}

// claim is what a name tells of a record at one end of its segment.
type claim struct {
	zxid zookeeper.Zxid
	ms   int64 // since the Unix epoch. The leader sets it, so it is the same in every server's log
}

// divergences are the records that servers disagree on, as far as names tell.
func divergences(c Catalog, runs []run) []Divergence {
	var found []Divergence
	for _, r := range runs {
		if len(r.prevs) > 1 {
			found = append(found, Divergence{At: r.first, Prevs: r.prevs})
		}
	}
	claims := make([]claim, 0, 2*len(c.Segments))
	for _, s := range c.Segments {
		claims = append(claims, claim{s.First, s.FirstTime.UnixMilli()}, claim{s.Last, s.LastTime.UnixMilli()})
	}
	slices.SortFunc(claims, func(a, b claim) int { return cmp.Or(cmp.Compare(a.zxid, b.zxid), cmp.Compare(a.ms, b.ms)) })
	claims = slices.Compact(claims)
	for i := 0; i < len(claims); {
		n := i + 1
		for n < len(claims) && claims[n].zxid == claims[i].zxid {
			n++
		}
		if n > i+1 {
			found = append(found, Divergence{At: claims[i].zxid, Times: times(claims[i:n])})
		}
		i = n
	}
	slices.SortStableFunc(found, func(a, b Divergence) int { return cmp.Compare(a.At, b.At) })
	return found
}

func times(claims []claim) []time.Time {
	var ts []time.Time
	for _, c := range claims {
		ts = append(ts, time.UnixMilli(c.ms).UTC())
	}
	return ts
}
