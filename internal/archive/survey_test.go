package archive

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zkark/zkark/internal/zookeeper"
)

func TestASurveyNamesExactlyThePointsThatCanBePlanned(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t)
		s := NewSurvey(h.cat)
		inStretch := func(z zookeeper.Zxid) bool {
			for _, st := range s.Stretches {
				if st.First <= z && z <= st.Last {
					return true
				}
			}
			return false
		}
		for z := range h.held {
			p, err := MakePlan(h.cat, AtZxid(z))
			dead := false
			for _, d := range s.Dead {
				dead = dead || d.First <= z && z <= d.Last
			}
			// Further back than the chain reaches, a plan takes what is dead for itself, and warns.
			planned := err == nil && p.Target == z
			if dead && len(p.Warnings) == 0 && planned || !dead && planned != inStretch(z) {
				t.Fatalf("%s: planned %v (%v), in a stretch %v, dead %v: %+v", z, planned, err, inStretch(z), dead, s)
			}
		}
		for i := 1; i < len(s.Stretches); i++ {
			if s.Stretches[i-1].Last >= s.Stretches[i].First {
				t.Fatalf("stretches overlap: %+v", s.Stretches)
			}
		}
	})
}

func TestASurveyTellsGapsDeadBranchesAndElectionsApart(t *testing.T) {
	for name, c := range map[string]struct {
		catalog Catalog
		want    Survey
	}{
		"one history with an election": {
			Catalog{Segments: []Segment{seg(0x100000001, 0x100000009, 0), seg(0x200000001, 0x200000004, 0x100000009)}, Bases: []Base{base(0, 0)}},
			Survey{Newest: 0x200000004, Stretches: []Stretch{{0, 0x200000004}}},
		},
		"proposals that were never committed": {
			Catalog{Segments: []Segment{seg(0x100000001, 0x100000009, 0), seg(0x200000001, 0x200000004, 0x100000006)}, Bases: []Base{base(0, 0)}},
			Survey{Newest: 0x200000004, Stretches: []Stretch{{0, 0x200000004}}, Dead: []Range{{0x100000007, 0x100000009}}},
		},
		"a lost object": {
			Catalog{Segments: []Segment{seg(1, 5, 0), seg(9, 12, 8)}, Bases: []Base{base(0, 0)}},
			Survey{Newest: 12, Stretches: []Stretch{{0, 5}}, Gaps: []Gap{{5, 9}}},
		},
		"a gap that a base bridges": {
			Catalog{Segments: []Segment{seg(1, 5, 0), jump(0x10, 0x20)}, Bases: []Base{base(0, 0), base(0xf, 0x12)}},
			Survey{Newest: 0x20, Stretches: []Stretch{{0, 5}, {0x12, 0x20}}, Gaps: []Gap{{5, 0x10}}},
		},
		"nothing": {},
	} {
		got := NewSurvey(c.catalog)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
