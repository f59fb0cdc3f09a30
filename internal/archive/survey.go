package archive

import (
	"cmp"
	"slices"
	"sort"
	"time"

	"github.com/zkark/zkark/internal/zookeeper"
)

// Survey is what an archive can restore, and what is wrong with it.
type Survey struct {
	Newest    zookeeper.Zxid // the newest record, or exact base, that is held
	Stretches []Stretch      // what can be restored, oldest first
	Gaps      []Gap          // oldest first
	Dead      []Range        // records that were logged and never committed: what follows them in the archive follows others
	Diverged  error          // a *DivergedError where servers disagree on what came before the oldest record of the chain
}

// Stretch is restore points First to Last, both included. Each transaction between them is one, but for what is dead.
type Stretch struct{ First, Last zookeeper.Zxid }

// Gap is where the archive lacks records, or the proof that it lacks none: it holds After and Before, and nothing proves that
// the one follows the other.
type Gap struct{ After, Before zookeeper.Zxid }

// NewSurvey looks at a whole catalog. An empty one gives an empty survey.
func NewSurvey(c Catalog) Survey {
	p, err := newPlanner(c)
	if err != nil {
		return Survey{}
	}
	s := surveyor{planner: p, survey: Survey{Newest: p.newest, Diverged: p.broken}}
	for island, runs := p.chain, p.runs; ; {
		runs = s.add(island, runs)
		if len(runs) == 0 {
			break
		}
		island, _ = walk(p.runs, runs[len(runs)-1].last)
	}
	s.exactBases()
	slices.SortFunc(s.survey.Stretches, func(a, b Stretch) int { return cmp.Compare(a.First, b.First) })
	slices.SortFunc(s.survey.Dead, func(a, b Range) int { return cmp.Compare(a.First, b.First) })
	slices.Reverse(s.survey.Gaps)
	return s.survey
}

// surveyor goes over the islands of records that are proven to follow each other, newest first.
type surveyor struct {
	planner
	survey Survey
	before zookeeper.Zxid // the oldest record of the island before; 0 for none
}

// add takes an island and returns the runs that are older than all of it. Runs that it passes over are dead.
func (s *surveyor) add(island []span, runs []run) (older []run) {
	held := island
	if far := island[len(island)-1]; far.first > far.upTo {
		held = island[:len(island)-1] // the far end of a link: nothing is held there
	}
	oldest := island[len(island)-1].first
	n := sort.Search(len(runs), func(i int) bool { return runs[i].first >= oldest })
	s.addDead(runs[n:], held)
	if len(held) > 0 {
		if s.before != 0 {
			s.survey.Gaps = append(s.survey.Gaps, Gap{held[0].upTo, s.before})
		}
		s.before = held[len(held)-1].first
		s.addStretch(island, held)
	}
	return runs[:n]
}

// addStretch adds what can be restored of an island: everything from its lowest consistent base on.
func (s *surveyor) addStretch(island, held []span) {
	lowest, ok := s.lowestOn(island)
	oldest := held[len(held)-1]
	if !ok || lowest > held[0].upTo {
		return
	}
	if lowest != oldest.after { // which is the state before the first record
		lowest = max(lowest, oldest.first)
	}
	s.survey.Stretches = append(s.survey.Stretches, Stretch{lowest, held[0].upTo})
}

// lowestOn is the oldest point on the spans from which everything up to their newest record can be restored.
func (s *surveyor) lowestOn(spans []span) (zookeeper.Zxid, bool) {
	lowest, ok := zookeeper.Zxid(1), fromEmpty(spans)
	for _, b := range s.Bases {
		if onChain(spans, b.Start) && onChain(spans, b.End) && (!ok || b.End < lowest) {
			lowest, ok = b.End, true
		}
	}
	return lowest, ok
}

// addDead finds what an island leaves out of the runs that lie beside it.
func (s *surveyor) addDead(runs []run, held []span) {
	upTo := map[zookeeper.Zxid]zookeeper.Zxid{}
	for _, span := range held {
		upTo[span.first] = span.upTo
	}
	for _, r := range runs {
		first := r.first
		if last, on := upTo[r.first]; on {
			first = last + 1
		}
		if first <= r.last {
			s.survey.Dead = append(s.survey.Dead, Range{first, r.last})
		}
	}
}

// exactBases adds the states that a base holds on its own, where no records are.
func (s *surveyor) exactBases() {
	for _, b := range s.Bases {
		if b.Start != b.End || s.restorable(b.Start) {
			continue
		}
		if p, err := s.plan(AtZxid(b.Start)); err == nil && p.Target == b.Start {
			s.survey.Stretches = append(s.survey.Stretches, Stretch{b.Start, b.Start})
		}
	}
}

func (s *surveyor) restorable(z zookeeper.Zxid) bool {
	return slices.ContainsFunc(s.survey.Stretches, func(t Stretch) bool { return t.First <= z && z <= t.Last })
}

// TimeOf is about when a transaction was made, by the leader's clock: as exactly as the names of segments tell. A state that no
// segment holds is taken for the one before the next segment. It is not ok when nothing comes after it.
func (c Catalog) TimeOf(z zookeeper.Zxid) (t time.Time, ok bool) {
	for _, s := range c.Segments {
		switch {
		case s.First > z && ok:
			return t, true
		case s.First > z:
			return s.FirstTime, true
		case z == s.Last:
			return s.LastTime, true
		case z < s.Last:
			t, ok = s.FirstTime, true
		}
	}
	return t, ok
}
