package archive

import (
	"cmp"
	"slices"
	"strings"

	"github.com/zkark/zkark/internal/zookeeper"
)

// Object is one line of a listing.
type Object struct {
	Key  string // below the timeline: log/… or snapshot/…
	Size int64  // bytes
}

// Catalog is everything that a timeline holds, as one LIST tells it: segments in order of First, then Last; bases in
// order of Start, then End.
type Catalog struct {
	Segments []Segment
	Bases    []Base
	Foreign  []string // keys that zkark did not write
}

// ParseCatalog sorts a listing of one timeline into segments, bases and what is foreign. The timeline's own
// description is none of them.
func ParseCatalog(objects []Object) Catalog {
	var c Catalog
	for _, o := range objects {
		c.add(o)
	}
	slices.SortFunc(c.Segments, func(a, b Segment) int {
		return cmp.Or(cmp.Compare(a.First, b.First), cmp.Compare(a.Last, b.Last), strings.Compare(a.Hash, b.Hash))
	})
	slices.SortFunc(c.Bases, func(a, b Base) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End), strings.Compare(a.Hash, b.Hash))
	})
	return c
}

func (c *Catalog) add(o Object) {
	if o.Key == TimelineKey {
		return
	}
	if s, ok := ParseSegment(o.Key); ok {
		s.Size = o.Size
		c.Segments = append(c.Segments, s)
		return
	}
	if b, ok := ParseBase(o.Key); ok {
		b.Size = o.Size
		c.Bases = append(c.Bases, b)
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
