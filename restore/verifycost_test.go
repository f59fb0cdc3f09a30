package restore

import (
	"strings"
	"testing"

	"github.com/zkark/zkark/internal/archive"
)

func TestADetourThatDoesNotReachThePointsIsNotSaidToCostNothing(t *testing.T) {
	w := newWorld(t, 3, 400)
	half := func(o []byte) []byte { return o[:len(o)/2] }
	bases := w.keys(t, "snapshot/")
	newest := bases[len(bases)-1]
	base, ok := archive.ParseBase(strings.TrimPrefix(newest, archive.TimelinePrefix(1)))
	if !ok {
		t.Fatal(newest)
	}
	var behind string // the last segment that only a restore from an older base reads
	for _, key := range w.keys(t, "log/") {
		if s, ok := archive.ParseSegment(strings.TrimPrefix(key, archive.TimelinePrefix(1))); ok && s.Last < base.Start {
			behind = key
		}
	}
	w.replace(t, newest, half)
	w.replace(t, behind, half)
	v, err := w.verify(t)
	if err != nil || v.Chains[0].Proof != "" {
		t.Fatalf("%v, %+v", err, v.Chains)
	}
	costs := map[string]string{}
	for _, f := range v.Findings {
		costs[f.Key] = f.Cost
	}
	for _, key := range []string{newest, behind} {
		if cost := costs[key]; cost == "" || strings.HasPrefix(cost, "nothing") {
			t.Errorf("%s costs %q, and points cannot be restored: %+v", key, cost, v.Findings)
		}
	}
}

func TestWhatCostsAnyPlanItsPointsIsNotSaidToCostNothing(t *testing.T) {
	for _, order := range [][]Finding{
		{{Key: "k", Cost: "nothing", free: true}, {Key: "k", Cost: "points"}},
		{{Key: "k", Cost: "points"}, {Key: "k", Cost: "nothing", free: true}},
	} {
		v := verification{told: map[string]int{}}
		for _, f := range order {
			v.tell(f)
		}
		if got := v.report.Findings; len(got) != 1 || got[0].Cost != "points" {
			t.Errorf("told %+v: %+v", order, got)
		}
	}
}
