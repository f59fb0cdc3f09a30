package uploader

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/zkark/zkark/internal/archive"
)

// view is what is known of the archive: the last listing, and what was put or seen since.
type view struct {
	catalog archive.Catalog
	listed  time.Time // of everything; zero for never
}

func (v *view) known() bool { return !v.listed.IsZero() }

func (v *view) olderThan(d time.Duration, now time.Time) bool {
	return !v.known() || now.Sub(v.listed) >= d
}

// add takes in one more object. The catalog stays sorted.
func (v *view) add(o archive.Object) {
	if s, ok := archive.ParseSegment(o.Key); ok {
		s.Size = o.Size
		i, found := slices.BinarySearchFunc(v.catalog.Segments, s, func(a, b archive.Segment) int {
			return cmp.Or(cmp.Compare(a.First, b.First), cmp.Compare(a.Last, b.Last), strings.Compare(a.Hash, b.Hash))
		})
		if !found {
			v.catalog.Segments = slices.Insert(v.catalog.Segments, i, s)
		}
	}
	if b, ok := archive.ParseBase(o.Key); ok {
		b.Size = o.Size
		i, found := slices.BinarySearchFunc(v.catalog.Bases, b, func(a, b archive.Base) int {
			return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End), strings.Compare(a.Hash, b.Hash))
		})
		if !found {
			v.catalog.Bases = slices.Insert(v.catalog.Bases, i, b)
		}
	}
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
	missing := archive.Missing(v.catalog, run.First, run.Last)
	lacksFirst := len(missing) > 0 && missing[0].First == run.First
	if !lacksFirst && run.First.Counter() == 1 && run.Linked && !v.linked(run) {
		missing = slices.Insert(missing, 0, archive.Range{First: run.First, Last: run.First})
	}
	return missing
}

func (v *view) linked(run Run) bool {
	return slices.ContainsFunc(v.catalog.Segments, func(s archive.Segment) bool { return s.First == run.First && s.Linked })
}

// newestBase is the base with the highest start.
func (v *view) newestBase() (archive.Base, bool) {
	n := len(v.catalog.Bases)
	if n == 0 {
		return archive.Base{}, false
	}
	return v.catalog.Bases[n-1], true
}
