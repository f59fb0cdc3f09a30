package uploader

import (
	"cmp"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/zookeeper"
)

// view is what is known of the archive: the last listing, and what was put or seen since.
type view struct {
	catalog archive.Catalog
	held    []archive.Range // what its segments hold together, in order, nothing touching
	listed  time.Time       // of everything; zero for never
}

func newView(objects []archive.Object, now time.Time) view {
	v := view{catalog: archive.ParseCatalog(objects), listed: now}
	for _, s := range v.catalog.Segments {
		v.hold(archive.Range{First: s.First, Last: s.Last})
	}
	return v
}

func (v *view) known() bool { return !v.listed.IsZero() }

func (v *view) olderThan(d time.Duration, now time.Time) bool {
	return !v.known() || now.Sub(v.listed) >= d
}

// add takes in one more object. The catalog stays sorted.
func (v *view) add(o archive.Object) {
	if s, ok := archive.ParseSegment(o.Key); ok {
		s.Size, s.Modified = o.Size, o.Modified
		i, found := slices.BinarySearchFunc(v.catalog.Segments, s, func(a, b archive.Segment) int {
			return cmp.Or(cmp.Compare(a.First, b.First), cmp.Compare(a.Last, b.Last), strings.Compare(a.Hash, b.Hash))
		})
		if !found || !hasSame(v.catalog.Segments[i:], s) {
			v.catalog.Segments = slices.Insert(v.catalog.Segments, i, s)
			v.hold(archive.Range{First: s.First, Last: s.Last})
		}
	}
	if b, ok := archive.ParseBase(o.Key); ok {
		b.Size, b.Modified = o.Size, o.Modified
		i, found := slices.BinarySearchFunc(v.catalog.Bases, b, func(a, b archive.Base) int {
			return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End), strings.Compare(a.Hash, b.Hash))
		})
		if !found {
			v.catalog.Bases = slices.Insert(v.catalog.Bases, i, b)
		}
	}
}

// hasSame tells whether a segment is among the first, which have its records. The same records are there a second time where one
// server proved what precedes them and another could not.
func hasSame(segments []archive.Segment, s archive.Segment) bool {
	for _, other := range segments {
		if other.First != s.First || other.Last != s.Last || other.Hash != s.Hash {
			return false
		}
		if other.Linked == s.Linked && other.Prev == s.Prev {
			return true
		}
	}
	return false
}

// hold adds a range to what is held. Ranges of one epoch that touch become one, so that there are few however many segments there
// are.
func (v *view) hold(r archive.Range) {
	i := sort.Search(len(v.held), func(i int) bool { return v.held[i].Last+1 >= r.First })
	j := i
	for ; j < len(v.held) && v.held[j].First <= r.Last+1; j++ {
		r.First, r.Last = min(r.First, v.held[j].First), max(r.Last, v.held[j].Last)
	}
	v.held = slices.Replace(v.held, i, j, r)
}

// missing is what is not held of the zxids first to last. What was removed on purpose does not count.
func (v *view) missing(first, last zookeeper.Zxid) []archive.Range {
	var missing []archive.Range
	floor := v.catalog.Floor()
	if last <= floor {
		return nil
	}
	first = max(first, floor+1)
	i := sort.Search(len(v.held), func(i int) bool { return v.held[i].Last >= first })
	for ; i < len(v.held) && v.held[i].First <= last; i++ {
		if v.held[i].First > first {
			missing = append(missing, archive.Range{First: first, Last: v.held[i].First - 1})
		}
		if v.held[i].Last >= last {
			return missing
		}
		first = v.held[i].Last + 1
	}
	return append(missing, archive.Range{First: first, Last: last})
}

// lastKey is the last segment's key. Another server's newer segments sort after it, but for one that fills an older hole, which
// the next full listing shows; until then that hole may be filled twice, which is harmless.
func (v *view) lastKey() string {
	if n := len(v.catalog.Segments); n > 0 {
		return v.catalog.Segments[n-1].Key()
	}
	return archive.LogPrefix
}

// lacks is what the archive misses of a run: zxids that no segment holds, and a proof of what precedes the first record
// of an epoch.
func (v *view) lacks(run Run) []archive.Range {
	missing := v.missing(run.First, run.Last)
	lacksFirst := len(missing) > 0 && missing[0].First == run.First
	if !lacksFirst && run.First > v.catalog.Floor() && run.First.Counter() == 1 && run.Linked && !v.linked(run) {
		missing = slices.Insert(missing, 0, archive.Range{First: run.First, Last: run.First})
	}
	return missing
}

// linked tells whether a segment that begins where the run does names its predecessor.
func (v *view) linked(run Run) bool {
	segments := v.catalog.Segments
	i := sort.Search(len(segments), func(i int) bool { return segments[i].First >= run.First })
	for ; i < len(segments) && segments[i].First == run.First; i++ {
		if segments[i].Linked {
			return true
		}
	}
	return false
}

// newestBase is the base with the highest start.
func (v *view) newestBase() (archive.Base, bool) {
	n := len(v.catalog.Bases)
	if n == 0 {
		return archive.Base{}, false
	}
	return v.catalog.Bases[n-1], true
}
