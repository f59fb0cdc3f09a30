package sidecar

import (
	"slices"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/sidecar/tail"
)

// lost is what is missing in an archive and not in the server's logs either, as when ZooKeeper purged its logs while no sidecar ran.
// Another server may still have it: then its sidecar ships it, and it is not missing any more.
func lost(gaps []archive.Gap, runs []tail.Run) []archive.Range {
	runs = slices.Clone(runs)
	slices.SortFunc(runs, func(a, b tail.Run) int {
		if a.First < b.First {
			return -1
		}
		return 1
	})
	var all []archive.Range
	for _, g := range gaps {
		if g.Missing != nil {
			all = append(all, without(*g.Missing, runs)...)
		}
	}
	return all
}

// without cuts the records that the runs, in order, hold out of a range.
func without(r archive.Range, runs []tail.Run) []archive.Range {
	var left []archive.Range
	for _, run := range runs {
		if run.Last < r.First || run.First > r.Last {
			continue
		}
		if run.First > r.First {
			left = append(left, archive.Range{First: r.First, Last: run.First - 1})
		}
		if run.Last >= r.Last {
			return left
		}
		r.First = run.Last + 1
	}
	return append(left, r)
}

// tellLost logs each range once.
func (s *Sidecar) tellLost() {
	survey, _, ok := s.uploader.Survey()
	if !ok {
		return
	}
	for _, r := range lost(survey.Gaps, s.tail.Runs()) {
		s.tellLostOnce(r)
	}
}

func (s *Sidecar) tellLostOnce(r archive.Range) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.toldLost[r] {
		return
	}
	s.toldLost[r] = true
	s.cfg.Log.Error("records are neither archived nor in this server's logs any more; unless another server has them they are lost",
		"first", r.First, "last", r.Last, "records", uint64(r.Last-r.First)+1)
}
