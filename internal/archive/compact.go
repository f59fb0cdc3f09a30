package archive

import "time"

// Small says which segments are worth becoming one.
type Small struct {
	Least  int       // of them at least
	Most   int64     // bytes of their objects together at most
	Before time.Time // all stored before
}

// Compactable finds the ranges of records that one segment should hold instead of many small ones. They lie in held, which is
// of one epoch, and begin and end where segments do. A segment that is more than half of such a range is left out at its
// beginning, so that a record is written again only when its object at least doubles.
func Compactable(c Catalog, held Range, small Small) []Range {
	var found []Range
	var group []Segment
	flush := func() {
		if r, ok := small.worth(group); ok {
			found = append(found, r)
		}
		group = nil
	}
	var bytes int64
	for _, s := range c.fewest(held) {
		joins := len(group) > 0 && group[len(group)-1].Last+1 == s.First && bytes+s.Size <= small.Most
		if !joins {
			flush()
			bytes = 0
		}
		if !s.Modified.IsZero() && s.Modified.Before(small.Before) && s.Size <= small.Most {
			group, bytes = append(group, s), bytes+s.Size
		} else {
			flush()
			bytes = 0
		}
	}
	flush()
	return found
}

// fewest are the largest segments inside a range that stand side by side: at each record the one that ends last.
func (c Catalog) fewest(in Range) []Segment {
	var all []Segment
	for _, s := range c.Segments {
		if s.First < in.First || s.Last > in.Last {
			continue
		}
		n := len(all)
		switch {
		case n == 0 || s.First > all[n-1].Last:
			all = append(all, s)
		case s.First == all[n-1].First: // and not smaller: such are in order of Last
			all[n-1] = s
		}
	}
	return all
}

func (small Small) worth(group []Segment) (Range, bool) {
	var bytes int64
	for _, s := range group {
		bytes += s.Size
	}
	for len(group) >= small.Least && group[0].Size > bytes/2 {
		bytes -= group[0].Size
		group = group[1:]
	}
	if len(group) < max(2, small.Least) {
		return Range{}, false
	}
	return Range{group[0].First, group[len(group)-1].Last}, true
}
