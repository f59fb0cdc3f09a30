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

// lostTurns is for how many turns a range has to be missing before it is told. Another server's sidecar may be about to archive it, or has
// done so, and only a full listing shows that: there is one at the first of these turns, and one at the last.
const lostTurns = 10

// suspect takes in what is missing after a turn, and tells each range that is lost once.
func (s *Sidecar) suspect() {
	survey, _, ok := s.uploader.Survey()
	if !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	suspected := map[string]int{}
	s.lost = nil
	for _, g := range survey.Gaps {
		if g.Missing == nil { // a proof, which another server's log may have
			s.doubt(suspected, g.String())
		}
	}
	for _, r := range lost(survey.Gaps, s.tail.Runs()) {
		if s.doubt(suspected, r.String()) < lostTurns || s.uploader.Archived(r.First, r.Last) {
			continue
		}
		s.lost = append(s.lost, r)
		if !s.toldLost[r] {
			s.toldLost[r] = true
			s.cfg.Log.Error("records are neither archived nor in this server's logs any more; unless another server has them they are lost",
				"first", r.First, "last", r.Last, "records", uint64(r.Last-r.First)+1)
		}
	}
	s.suspected = suspected
}

// doubt counts for how many turns something has been missing. It is called with mu held.
func (s *Sidecar) doubt(suspected map[string]int, what string) int {
	turns := min(s.suspected[what]+1, lostTurns)
	if known := s.suspected[what] == lostTurns; !known && (turns == 1 || turns == lostTurns-1) {
		s.uploader.Relist()
	}
	suspected[what] = turns
	return turns
}
