package archive

import (
	"cmp"
	"maps"
	"slices"
	"sort"
	"time"

	"github.com/zkark/zkark/internal/zookeeper"
)

// Survey is what one listing tells of an archive: what can be restored, what is wrong, and what is there.
type Survey struct {
	Newest     zookeeper.Zxid // the newest record, or exact base, that is held; 0 for an empty archive
	Restorable bool           // whether it can be restored

	// Stretches are the points that can be restored, oldest first. A zxid is in one of them if, and only if, MakePlan finds a
	// way to it and to nothing else.
	Stretches []Stretch

	Gaps     []Gap        // oldest first; what was pruned is none
	Dead     []Range      // records that were logged and never committed, as far as the archive tells; oldest first
	Diverged []Divergence // where servers disagree, oldest first
	Bases    []BasePoint  // oldest first
	Servers  []Shipper    // in order of their ids

	Segments  int
	Since     time.Time // of the oldest record in a segment, by the leaders' clocks
	Until     time.Time // of the newest
	Bytes     int64     // of segments and bases
	Redundant Redundancy
	Foreign   int // objects that zkark did not write
}

// Stretch is restore points that follow each other.
type Stretch struct {
	Ranges    []Range // in order; every zxid in them is a restore point, and nothing lies between them but elections
	FirstTime time.Time
	LastTime  time.Time // of its first and last point, as in Survey.Newest; zero for not known
	Base      Base      // what its first point is restored from; the zero Base for FromEmpty
	FromEmpty bool      // it begins with the first transaction that the server ever made

	// Proven tells that these points are of the history that leads to Survey.Newest. Points before a gap are not: they
	// were logged, and nothing in the archive contradicts that they were committed.
	Proven bool
	// Dead tells that these points, before a gap, are of Survey.Dead. A plan takes them when it is asked for them by zxid.
	Dead bool
}

// First is the oldest point.
func (s Stretch) First() zookeeper.Zxid { return s.Ranges[0].First }

// Last is the newest point.
func (s Stretch) Last() zookeeper.Zxid { return s.Ranges[len(s.Ranges)-1].Last }

// BasePoint is a base, and whether a restore can begin with it.
type BasePoint struct {
	Base
	Usable bool // to the points from End on
}

// Shipper is what one server's sidecar has archived. What others had archived before it is not its.
type Shipper struct {
	Source   int
	Segments int
	Bases    int
	Bytes    int64
	Last     zookeeper.Zxid // the newest record, 0 for none
	LastTime time.Time
}

// Redundancy is segments without which the archive would hold the same records.
type Redundancy struct {
	Segments int
	Bytes    int64
}

// Latest is the newest stretch that is not dead; not ok when nothing can be restored.
func (s Survey) Latest() (Stretch, bool) {
	for _, t := range slices.Backward(s.Stretches) {
		if !t.Dead {
			return t, true
		}
	}
	return Stretch{}, false
}

// NewSurvey looks at a whole catalog. Its work grows with the number of objects, whatever the archive has been through.
func NewSurvey(c Catalog) Survey {
	s := Survey{Segments: len(c.Segments), Foreign: len(c.Foreign), Servers: shippers(c)}
	s.Since, s.Until = period(c)
	p, err := newPlanner(c)
	if err != nil {
		return s
	}
	s.Newest, s.Diverged = p.newest, divergences(c, p.runs)
	v := surveyor{reach: newReach(p), survey: &s}
	v.addIslands()
	v.addExactBases()
	slices.SortStableFunc(s.Stretches, func(a, b Stretch) int { return cmp.Compare(a.First(), b.First()) })
	slices.SortFunc(s.Dead, func(a, b Range) int { return cmp.Compare(a.First, b.First) })
	slices.Reverse(s.Gaps)
	v.addBases()
	addTimes(c, s.Stretches)
	for _, server := range s.Servers {
		s.Bytes += server.Bytes
	}
	s.Redundant = c.redundant(p.runs)
	s.Restorable = s.holds(s.Newest)
	return s
}

// holds tells whether z can be restored.
func (s Survey) holds(z zookeeper.Zxid) bool {
	return slices.ContainsFunc(s.Stretches, func(t Stretch) bool { return t.holds(z) })
}

func (s Stretch) holds(z zookeeper.Zxid) bool {
	i := sort.Search(len(s.Ranges), func(i int) bool { return s.Ranges[i].Last >= z })
	return i < len(s.Ranges) && s.Ranges[i].First <= z
}

// surveyor goes over the islands of records that are proven to follow each other, newest first.
type surveyor struct {
	reach
	survey *Survey
}

// addIslands finds the chain to the newest record, then the one to the newest record before it, and so on.
func (v *surveyor) addIslands() {
	island, runs := v.chain, v.runs
	for proven := true; ; proven = false {
		oldest := island[len(island)-1].first
		older := runs[:sort.Search(len(runs), func(i int) bool { return runs[i].first >= oldest })]
		records := held(island)
		v.addStretch(records, proven)
		v.addDead(runs[len(older):], records, proven)
		if len(records) > 0 {
			v.addGap(island, older)
		}
		if len(older) == 0 {
			return
		}
		island, _ = walk(v.runs, older[len(older)-1].last)
		runs = older
	}
}

// held is the spans without the far end of a link, where nothing is held.
func held(island []span) []span {
	if far := island[len(island)-1]; far.first > far.upTo {
		return island[:len(island)-1]
	}
	return island
}

// addStretch adds what can be restored of an island: everything from its oldest restore point on.
func (v *surveyor) addStretch(records []span, proven bool) {
	s := Stretch{Proven: proven}
	for _, span := range slices.Backward(records) {
		i, _ := v.index(span.first)
		from := v.origins[i]
		if !from.ok || from.point > span.upTo {
			continue
		}
		if len(s.Ranges) == 0 {
			s.Base, s.FromEmpty = v.opener(from)
		}
		s.Ranges = append(s.Ranges, Range{from.point, span.upTo})
	}
	if len(s.Ranges) > 0 {
		v.survey.Stretches = append(v.survey.Stretches, s)
	}
}

// addDead adds what an island leaves out of the runs that lie beside it. Before the first gap nothing of it can be restored; behind
// one, a plan takes a point for itself.
func (v *surveyor) addDead(beside []run, records []span, proven bool) {
	upTo := map[zookeeper.Zxid]zookeeper.Zxid{}
	for _, span := range records {
		upTo[span.first] = span.upTo
	}
	for _, r := range beside {
		dead := Range{r.first, r.last}
		if last, on := upTo[r.first]; on {
			dead.First = last + 1
		}
		if dead.First > dead.Last {
			continue
		}
		v.survey.Dead = append(v.survey.Dead, dead)
		i, _ := v.index(r.first)
		from := v.origins[i]
		dead.First = max(dead.First, from.point)
		if proven || !from.ok || dead.First > dead.Last {
			continue
		}
		s := Stretch{Ranges: []Range{dead}, Dead: true}
		s.Base, s.FromEmpty = v.opener(from)
		v.survey.Stretches = append(v.survey.Stretches, s)
	}
}

// addExactBases adds the states that a base holds on its own, where no records are: the one before the chain's first
// record, and those further back.
func (v *surveyor) addExactBases() {
	end := v.chain[len(v.chain)-1]
	begins := v.beginnings()
	for _, state := range slices.Backward(slices.Sorted(maps.Keys(v.exact))) {
		if _, isHeld := v.index(state); isHeld || state > end.after {
			continue
		}
		if i, ok := begins[state]; ok {
			v.survey.Stretches[i].begin(state)
			continue
		}
		alone := Stretch{Ranges: []Range{{state, state}}, Base: v.Bases[v.exact[state]], Proven: state == end.after}
		v.survey.Stretches = append(v.survey.Stretches, alone)
	}
}

// beginnings are the stretches by the state before their first record.
func (v *surveyor) beginnings() map[zookeeper.Zxid]int {
	begins := map[zookeeper.Zxid]int{}
	for i, s := range v.survey.Stretches {
		home, _ := v.index(s.First())
		run := v.runs[home]
		if s.First() == run.first && !s.Dead {
			begins[run.after()] = i
			begins[run.first-1] = i
		}
	}
	return begins
}

// begin puts a state in front.
func (s *Stretch) begin(state zookeeper.Zxid) {
	if first := &s.Ranges[0].First; *first == state+1 && first.Epoch() == state.Epoch() {
		*first = state
		return
	}
	s.Ranges = slices.Insert(s.Ranges, 0, Range{state, state})
}

// addBases tells of each base whether the points after it can be restored.
func (v *surveyor) addBases() {
	for i, b := range v.Bases {
		usable := v.usable[i] && (v.survey.holds(b.End) || v.survey.holds(b.End+1))
		v.survey.Bases = append(v.survey.Bases, BasePoint{b, usable})
	}
}
