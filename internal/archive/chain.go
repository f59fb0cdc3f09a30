package archive

import (
	"sort"

	"github.com/zkark/zkark/internal/zookeeper"
)

// run is a stretch of one epoch whose every zxid some segment holds, both ends included.
type run struct {
	first, last zookeeper.Zxid
	prevs       []zookeeper.Zxid // what the first record is linked to across an election, each once
}

// runs joins the segments up. Inside an epoch the counter alone is the proof, so touching and overlapping segments are one run,
// whichever servers they come from.
func (c Catalog) runs() []run {
	var runs []run
	for _, s := range c.Segments {
		if n := len(runs); n > 0 && runs[n-1].joins(s) {
			runs[n-1].last = max(runs[n-1].last, s.Last)
		} else {
			runs = append(runs, run{first: s.First, last: s.Last})
		}
		runs[len(runs)-1].link(s)
	}
	return runs
}

func (r *run) joins(s Segment) bool {
	return r.first.Epoch() == s.First.Epoch() && s.First <= r.last+1
}

func (r *run) link(s Segment) {
	if !s.Linked || s.First != r.first || s.Prev.Epoch() == s.First.Epoch() {
		return
	}
	for _, p := range r.prevs {
		if p == s.Prev {
			return
		}
	}
	r.prevs = append(r.prevs, s.Prev)
}

// span is a stretch of the chain inside one epoch, all of it held: the records first to upTo, the first of which has
// the predecessor after. An empty span, first > upTo, is the far end of a link whose record nobody holds.
type span struct {
	after, first, upTo zookeeper.Zxid
}

// holds tells whether a state lies on this span: after one of its records, or the record before it, or at a new leader's
// artificial zxid in front of its epoch.
func (s span) holds(state zookeeper.Zxid) bool {
	return state == s.after || state <= s.upTo && state+1 >= s.first && state.Epoch() == s.upTo.Epoch()
}

// walk follows the chain back from a record for as long as each record's predecessor is proven and held, and returns the
// spans it passed, newest first. Where servers disagree on a predecessor it stops too, with a *DivergedError that
// matters only to who needs to go further.
func walk(runs []run, from zookeeper.Zxid) ([]span, error) {
	var spans []span
	for {
		r, ok := runWith(runs, from)
		if !ok {
			return append(spans, span{after: from, first: from + 1, upTo: from}), nil
		}
		s := span{after: r.first - 1, first: r.first, upTo: from}
		if len(r.prevs) != 1 {
			return append(spans, s), diverged(r)
		}
		s.after = r.prevs[0]
		spans = append(spans, s)
		from = s.after
	}
}

func diverged(r run) error {
	if len(r.prevs) < 2 {
		return nil
	}
	return &DivergedError{At: r.first, Prevs: r.prevs}
}

func runWith(runs []run, z zookeeper.Zxid) (run, bool) {
	i := sort.Search(len(runs), func(i int) bool { return runs[i].last >= z })
	if i == len(runs) || runs[i].first > z {
		return run{}, false
	}
	return runs[i], true
}

// cover picks the fewest segments that hold the records of the spans, which are in order of zxid.
func (c Catalog) cover(spans []span) []Piece {
	var pieces []Piece
	c.eachPiece(spans, func(p Piece) { pieces = append(pieces, p) })
	return pieces
}

func (c Catalog) eachPiece(spans []span, each func(Piece)) {
	i := 0
	for _, s := range spans {
		for at := s.first; at <= s.upTo; {
			var best Segment
			for ; i < len(c.Segments) && c.Segments[i].First <= at; i++ {
				if c.Segments[i].Last >= best.Last {
					best = c.Segments[i]
				}
			}
			p := Piece{Segment: best, First: at, UpTo: min(best.Last, s.upTo)}
			each(p)
			at = p.UpTo + 1
		}
	}
}
