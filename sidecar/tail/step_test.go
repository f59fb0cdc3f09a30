package tail

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/zkark/zkark/internal/zookeeper"
)

func z(epoch, counter uint32) zookeeper.Zxid { return zookeeper.MakeZxid(epoch, counter) }

func TestARecordIsLinkedOnlyWhereThatIsProven(t *testing.T) {
	sent := func(s zookeeper.Zxid) []SnapshotFact { return []SnapshotFact{{Start: s}} }
	tests := map[string]struct {
		first, pred zookeeper.Zxid
		none        bool
		snapshots   []SnapshotFact
		linked      bool
	}{
		"the very first":                            {first: 1, none: true, linked: true},
		"the next in the epoch":                     {first: z(1, 5), pred: z(1, 4), linked: true},
		"a hole in the epoch":                       {first: z(1, 6), pred: z(1, 4)},
		"the first of the next epoch":               {first: z(2, 1), pred: z(1, 4), linked: true},
		"the first after empty epochs":              {first: z(7, 1), pred: z(1, 4), linked: true},
		"the second of an epoch":                    {first: z(2, 2), pred: z(1, 4)},
		"an epoch back":                             {first: z(1, 1), pred: z(2, 4)},
		"a snapshot between":                        {first: z(2, 1), pred: z(1, 4), snapshots: sent(z(1, 9))},
		"a snapshot at the record before":           {first: z(2, 1), pred: z(1, 4), snapshots: sent(z(1, 4)), linked: true},
		"a snapshot at the record itself":           {first: z(2, 1), pred: z(1, 4), snapshots: sent(z(2, 1)), linked: true},
		"a snapshot elsewhere":                      {first: z(2, 1), pred: z(1, 4), snapshots: sent(z(1, 2)), linked: true},
		"the leader's own artificial snapshot":      {first: z(2, 1), pred: z(1, 4), snapshots: []SnapshotFact{{z(2, 0), z(1, 4)}}, linked: true},
		"an artificial one of another tree":         {first: z(2, 1), pred: z(1, 4), snapshots: []SnapshotFact{{z(2, 0), z(1, 7)}}},
		"an artificial one that tells nothing":      {first: z(2, 1), pred: z(1, 4), snapshots: sent(z(2, 0))},
		"no record before":                          {first: z(2, 1), none: true},
		"no record before, in a server that is new": {first: z(2, 1), none: true, snapshots: sent(0), linked: true},
		"no record before, and a later snapshot":    {first: z(2, 1), none: true, snapshots: append(sent(0), sent(z(2, 0))...)},
		"not the first of a server that is new":     {first: z(2, 3), none: true, snapshots: sent(0)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			prev, linked := link(test.first, test.pred, test.none, test.snapshots)
			if linked != test.linked || linked && prev != test.pred {
				t.Errorf("link = %s, %t; want linked %t", prev, linked, test.linked)
			}
		})
	}
}

// at makes a run of records of ten bytes each, the first at offset from.
func at(first, last zookeeper.Zxid, from int64) Run {
	return Run{First: first, Last: last, Start: from, End: from + 10*int64(last-first+1), marks: []mark{{first, from}}}
}

func one(id FileID, first zookeeper.Zxid, added ...Run) SeenLog {
	return SeenLog{ID: id, Name: zookeeper.LogName(first), First: first, Added: added, Steady: true}
}

func TestStepLeavesTheStateBeforeAsItWas(t *testing.T) {
	before, _ := Step(State{}, Seen{Logs: []SeenLog{one(1, 1, at(1, 5, 16))}})
	again, _ := Step(State{}, Seen{Logs: []SeenLog{one(1, 1, at(1, 5, 16))}})
	a, _ := Step(before, Seen{Logs: []SeenLog{one(1, 1, at(6, 7, 66))}})
	b, _ := Step(before, Seen{Logs: []SeenLog{one(1, 1, at(6, 9, 66))}})
	if a.Logs[0].last() != 7 || b.Logs[0].last() != 9 {
		t.Errorf("steps ended at %s and %s, want 0x7 and 0x9", a.Logs[0].last(), b.Logs[0].last())
	}
	if diff := cmp.Diff(again, before, cmp.AllowUnexported(Run{}, mark{}), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("the state before has changed:\n%s", diff)
	}
}

func TestNothingIsDecidedBesideALogThatChangesUnderTheLook(t *testing.T) {
	old := one(1, z(1, 1), at(z(1, 1), z(1, 9), 16))
	old.Steady = false
	state, events := Step(State{}, Seen{Logs: []SeenLog{old, one(2, z(2, 1), at(z(2, 1), z(2, 1), 16))}})
	if !state.unsure() || state.Logs[1].Runs[0].judged {
		t.Errorf("a link was decided: %v", events)
	}
	cut := one(3, z(1, 1), at(z(1, 1), z(1, 4), 16))
	cut.Replaces = 1
	state, events = Step(state, Seen{Logs: []SeenLog{cut, one(2, z(2, 1))}})
	if r := state.Logs[1].Runs[0]; state.unsure() || !r.Linked || r.Prev != z(1, 4) {
		t.Errorf("%s is linked to %s (%t), want 0x100000004", r.First, r.Prev, r.Linked)
	}
	want := []Event{{LogChanged, "log.100000001", z(1, 9)}, {Jumped, "log.100000001", z(1, 1)}}
	if diff := cmp.Diff(want, events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestALogThatCannotBeReadHidesWhatComesBefore(t *testing.T) {
	unreadable := one(2, z(1, 5))
	unreadable.Open = true
	state, _ := Step(State{}, Seen{Logs: []SeenLog{
		one(1, z(1, 1), at(z(1, 1), z(1, 4), 16)), unreadable, one(3, z(2, 1), at(z(2, 1), z(2, 2), 16)),
	}})
	if r := state.Logs[2].Runs[0]; r.Linked {
		t.Errorf("%s is linked to %s over a log that nobody could read", r.First, r.Prev)
	}
}
