package archive

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/zkark/zkark/internal/zookeeper"
)

// Object is one line of a listing.
type Object struct {
	Key      string    // below the timeline: log/… or snapshot/…
	Size     int64     // bytes
	Modified time.Time // when it was stored, by the store's clock; zero for not known
}

// Catalog is everything that a timeline holds, as one LIST tells it: segments in order of First, then Last; bases in
// order of Start, then End.
type Catalog struct {
	Segments []Segment
	Bases    []Base
	Marks    []Mark   // where pruning has been, in order of zxid
	Foreign  []string // keys that zkark did not write
}

// Floor is the zxid up to which records were removed on purpose: none of them is to be archived again. It is 0 before the
// archive is pruned for the first time.
func (c Catalog) Floor() zookeeper.Zxid {
	if n := len(c.Marks); n > 0 {
		return c.Marks[n-1].Floor
	}
	return 0
}

// ParseCatalog sorts a listing of one timeline into segments, bases, marks and what is foreign. The timeline's own
// description, and what pruning asks the store's clock with, are none of them.
func ParseCatalog(objects []Object) Catalog {
	c := Catalog{Segments: make([]Segment, 0, countLogs(objects))}
	for _, o := range objects {
		c.add(o)
	}
	slices.SortFunc(c.Segments, func(a, b Segment) int {
		return cmp.Or(cmp.Compare(a.First, b.First), cmp.Compare(a.Last, b.Last), strings.Compare(a.Hash, b.Hash))
	})
	slices.SortFunc(c.Bases, func(a, b Base) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End), strings.Compare(a.Hash, b.Hash))
	})
	slices.SortFunc(c.Marks, func(a, b Mark) int { return cmp.Compare(a.Floor, b.Floor) })
	return c
}

// countLogs lets a million segments be collected without growing.
func countLogs(objects []Object) int {
	n := 0
	for _, o := range objects {
		if strings.HasPrefix(o.Key, LogPrefix) {
			n++
		}
	}
	return n
}

func (c *Catalog) add(o Object) {
	if o.Key == TimelineKey || o.Key == ClockKey {
		return
	}
	if s, ok := ParseSegment(o.Key); ok {
		s.Size, s.Modified = o.Size, o.Modified
		c.Segments = append(c.Segments, s)
		return
	}
	if b, ok := ParseBase(o.Key); ok {
		b.Size, b.Modified = o.Size, o.Modified
		c.Bases = append(c.Bases, b)
		return
	}
	if m, ok := ParseMark(o.Key); ok {
		m.Size = o.Size
		c.Marks = append(c.Marks, m)
		return
	}
	c.Foreign = append(c.Foreign, o.Key)
}

// Range is the zxids First to Last of one epoch, both included.
type Range struct{ First, Last zookeeper.Zxid }

// String prints a range the way messages name it.
func (r Range) String() string {
	if r.First == r.Last {
		return r.First.String()
	}
	return r.First.String() + "–" + r.Last.String()
}

// Missing is what no segment of the catalog holds of the zxids first to last, which are of one epoch, in order.
func Missing(c Catalog, first, last zookeeper.Zxid) []Range {
	var missing []Range
	for _, s := range c.Segments {
		if s.Last < first || s.First > last {
			continue
		}
		if s.First > first {
			missing = append(missing, Range{first, s.First - 1})
		}
		if s.Last >= last {
			return missing
		}
		first = s.Last + 1
	}
	return append(missing, Range{first, last})
}
