package tail

import (
	"cmp"
	"slices"

	"github.com/zkark/zkark/internal/zookeeper"
)

// State is what is known of the logs after a look. It is a value: Step never changes the one it is given.
type State struct {
	Logs []LogState // in order of the zxids in their names; of one name, the older life first
}

// LogState is one life of a log file.
type LogState struct {
	ID    FileID
	Name  string
	First zookeeper.Zxid // as the name says
	Live  bool           // the file is in the directory; else only an open descriptor keeps it
	Open  bool           // what comes after its last record is not known: reading failed there
	Runs  []Run          // in order of their place in the file
}

// Seen is what one look found.
type Seen struct {
	Logs      []SeenLog      // in order of the zxids in their names
	Snapshots []SnapshotFact // seen after the records were read
}

// unsure tells whether the link of some run is not decided.
func (s State) unsure() bool {
	for _, l := range s.Logs {
		if slices.ContainsFunc(l.Runs, func(r Run) bool { return !r.judged }) {
			return true
		}
	}
	return false
}

// SeenLog is what one look found of a log in the directory.
type SeenLog struct {
	ID       FileID
	Name     string
	First    zookeeper.Zxid // as the name says
	Replaces FileID         // the life that this one ended by changing what had been read of it; 0 for none
	Added    []Run          // what could be read on
	Steady   bool           // the file was still there, and what was read of it too, after the whole look
	Open     bool           // reading failed before the end of what the server wrote
}

// Kind is what an event tells.
type Kind string

// The kinds of events.
const (
	LogAppeared Kind = "log appeared" // Zxid is its first by its name
	LogVanished Kind = "log vanished" // Zxid is its last
	LogChanged  Kind = "log changed"  // what had been read of it is not what it holds now; Zxid was its last
	Jumped      Kind = "jump"         // the record Zxid is not linked to the one before it
)

// Event is one thing that a look found.
type Event struct {
	Kind Kind
	Name string // of the file
	Zxid zookeeper.Zxid
}

// Step computes what is known after a look from what was known before it.
func Step(before State, seen Seen) (State, []Event) {
	s := stepper{found: map[FileID]bool{}, replaced: map[FileID]bool{}}
	for _, l := range seen.Logs {
		s.found[l.ID] = true
		s.replaced[l.Replaces] = true
	}
	known := map[FileID]LogState{}
	for _, l := range before.Logs {
		s.keep(l)
		known[l.ID] = l
	}
	for _, l := range seen.Logs {
		s.logs = append(s.logs, s.grow(known[l.ID], l))
	}
	slices.SortStableFunc(s.logs, func(a, b LogState) int { return cmp.Compare(a.First, b.First) })
	s.judge(seen)
	return State{Logs: s.logs}, s.events
}

type stepper struct {
	found, replaced map[FileID]bool
	logs            []LogState
	events          []Event
}

func (s *stepper) tell(k Kind, name string, z zookeeper.Zxid) {
	s.events = append(s.events, Event{k, name, z})
}

// keep passes on a log that is no longer in the directory, for as long as its records are needed; a log whose content has
// changed cannot be read any more.
func (s *stepper) keep(l LogState) {
	switch {
	case s.replaced[l.ID]:
		s.tell(LogChanged, l.Name, l.last())
	case !s.found[l.ID]:
		if l.Live {
			s.tell(LogVanished, l.Name, l.last())
		}
		l.Live = false
		s.logs = append(s.logs, l)
	}
}

// last is the last record of a log, or 0.
func (l LogState) last() zookeeper.Zxid {
	if len(l.Runs) == 0 {
		return 0
	}
	return l.Runs[len(l.Runs)-1].Last
}

func (s *stepper) grow(l LogState, seen SeenLog) LogState {
	if l.ID == 0 {
		l = LogState{ID: seen.ID, Name: seen.Name, First: seen.First}
		if seen.Replaces == 0 {
			s.tell(LogAppeared, seen.Name, seen.First)
		}
	}
	l.Live, l.Open = true, seen.Open
	l.Runs = slices.Clone(l.Runs)
	for _, added := range seen.Added {
		added.File, added.Name = seen.ID, seen.Name
		n := len(l.Runs)
		if n > 0 {
			if joined, ok := l.Runs[n-1].join(added); ok {
				l.Runs[n-1] = joined
				continue
			}
		}
		l.Runs = append(l.Runs, added)
	}
	return l
}

// judge decides, once and for good, what the runs that are new are linked to. Only records of files in the directory count as
// neighbours: what a truncation deleted is followed by nothing. While a neighbour changes under the look, nothing is decided.
func (s *stepper) judge(seen Seen) {
	steady := map[FileID]bool{}
	for _, l := range seen.Logs {
		steady[l.ID] = l.Steady
	}
	before := neighbour{none: true}
	for i := range s.logs {
		l := &s.logs[i]
		if l.Live && !steady[l.ID] {
			return
		}
		for j := range l.Runs {
			s.judgeRun(&l.Runs[j], before, seen.Snapshots)
			if l.Live {
				before = neighbour{zxid: l.Runs[j].Last}
			}
		}
		before.lost = before.lost || l.Live && l.Open
	}
}

// neighbour is what stands before a run in the server's logs.
type neighbour struct {
	zxid zookeeper.Zxid
	none bool // there is no record before it
	lost bool // there is something before it that could not be read
}

func (s *stepper) judgeRun(r *Run, before neighbour, snapshots []SnapshotFact) {
	if r.judged {
		return
	}
	r.judged = true
	r.Prev, r.Linked = link(r.First, before.zxid, before.none, snapshots)
	if (before.lost || r.gap) && r.Prev.Epoch() != r.First.Epoch() {
		r.Prev, r.Linked = 0, false
	}
	if !r.Linked {
		r.Prev = 0
		s.tell(Jumped, r.Name, r.First)
	}
}
