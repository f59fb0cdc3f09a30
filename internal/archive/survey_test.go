package archive

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zkark/zkark/internal/zookeeper"
)

// interesting is every zxid at which something of the history begins, ends or lies, and those beside it.
func (h *history) interesting() []zookeeper.Zxid {
	zs := []zookeeper.Zxid{0, 1}
	for z := range h.parent {
		zs = append(zs, z-1, z, z+1)
	}
	for _, b := range h.cat.Bases {
		zs = append(zs, b.Start, b.End, b.End+1)
	}
	slices.Sort(zs)
	return slices.Compact(zs)
}

func TestAPointIsInAStretchExactlyWhenAPlanReachesIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t)
		s := NewSurvey(h.cat)
		for _, z := range h.interesting() {
			p, err := MakePlan(h.cat, AtZxid(z))
			reached := err == nil && p.Target == z
			if in := s.holds(z); in != reached {
				t.Fatalf("%s: in a stretch %v, plan to %s, %v\n%+v\n%+v", z, in, p.Target, err, s, h.cat)
			}
		}
		if len(h.cat.Segments)+len(h.cat.Bases) > 0 {
			if _, err := MakePlan(h.cat, Latest()); (err == nil) != s.Restorable {
				t.Fatalf("restorable %v, but a plan for the newest point ends with %v", s.Restorable, err)
			}
		}
	})
}

func TestEveryHeldRecordIsOnAnIslandOrDead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t)
		s := NewSurvey(h.cat)
		dead := func(z zookeeper.Zxid) bool {
			return slices.ContainsFunc(s.Dead, func(r Range) bool { return r.First <= z && z <= r.Last })
		}
		for _, stretch := range s.Stretches {
			for _, r := range stretch.Ranges {
				for z := r.First; z <= r.Last; z++ {
					if dead(z) != stretch.Dead && h.held[z] {
						t.Fatalf("%s is dead: %v, in %+v", z, dead(z), stretch)
					}
				}
			}
		}
		for z := range h.held {
			if _, onChain := h.path(z, h.newest()); onChain && dead(z) {
				t.Fatalf("%s leads to %s and is called dead", z, h.newest())
			}
		}
	})
}

func TestAGapNamesOnlyRecordsThatAreNotHeld(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t)
		for _, g := range NewSurvey(h.cat).Gaps {
			if !h.held[g.Before] || g.After >= g.Before {
				t.Fatalf("gap %+v", g)
			}
			for z := g.After + 1; g.Missing != nil && z < g.Before; z++ {
				if z.Counter() > 20 { // no epoch is so long
					z = zookeeper.MakeZxid(z.Epoch()+1, 0)
				} else if h.held[z] && g.Missing.First <= z && z <= g.Missing.Last {
					t.Fatalf("%s is held and called missing: %s", z, g)
				}
			}
		}
	})
}

func TestAHistoryOfWhichNothingIsLostHasNoGap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c Catalog
		var tip zookeeper.Zxid
		for epoch := uint32(1); epoch < 5; epoch++ {
			logged := rapid.Uint32Range(1, 9).Draw(t, "logged")
			s := seg(zookeeper.MakeZxid(epoch, 1), zookeeper.MakeZxid(epoch, logged), tip)
			s.LastTime = s.FirstTime
			c.Segments = append(c.Segments, s)
			tip = s.First + zookeeper.Zxid(rapid.Uint32Range(0, logged-1).Draw(t, "committed"))
		}
		if s := NewSurvey(c); len(s.Gaps) > 0 || len(s.Diverged) > 0 || !s.Restorable || len(s.Stretches) != 1 {
			t.Fatalf("%+v", s)
		}
	})
}

func missing(first, last zookeeper.Zxid) *Range { return &Range{first, last} }

func TestASurveyTellsGapsDeadBranchesAndElectionsApart(t *testing.T) {
	for name, c := range surveyedCatalogs() {
		s := NewSurvey(c.catalog)
		got := surveyFound{Gaps: s.Gaps, Dead: s.Dead, Latest: s.Restorable}
		for _, stretch := range s.Stretches {
			got.Points = append(got.Points, stretch.Ranges)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

type surveyFound struct {
	Points [][]Range
	Gaps   []Gap
	Dead   []Range
	Latest bool
}

type surveyedCatalog struct {
	catalog Catalog
	want    surveyFound
}

func surveyedCatalogs() map[string]surveyedCatalog {
	z := zookeeper.MakeZxid
	return map[string]surveyedCatalog{
		"one history with an election": {
			Catalog{Segments: []Segment{seg(z(1, 1), z(1, 9), 0), seg(z(2, 1), z(2, 4), z(1, 9))}, Bases: []Base{base(0, 0)}},
			surveyFound{Points: [][]Range{{{0, 0}, {z(1, 1), z(1, 9)}, {z(2, 1), z(2, 4)}}}, Latest: true},
		},
		"proposals that were never committed": {
			Catalog{Segments: []Segment{seg(z(1, 1), z(1, 9), 0), seg(z(2, 1), z(2, 4), z(1, 6))}, Bases: []Base{base(0, 0)}},
			surveyFound{Points: [][]Range{{{0, 0}, {z(1, 1), z(1, 6)}, {z(2, 1), z(2, 4)}}}, Dead: []Range{{z(1, 7), z(1, 9)}}, Latest: true},
		},
		"a lost object": {
			Catalog{Segments: []Segment{seg(1, 5, 0), seg(9, 12, 8)}, Bases: []Base{base(0, 0)}},
			surveyFound{Points: [][]Range{{{0, 5}}}, Gaps: []Gap{{After: 5, Before: 9, Missing: missing(6, 8)}}},
		},
		"a gap that a base bridges": {
			Catalog{Segments: []Segment{seg(1, 5, 0), jump(0x10, 0x20)}, Bases: []Base{base(0, 0), base(0xf, 0x12)}},
			surveyFound{Points: [][]Range{{{0, 5}}, {{0x12, 0x20}}}, Gaps: []Gap{{After: 5, Before: 0x10, Missing: missing(6, 0xf), Bridged: true}}, Latest: true},
		},
		"a lost epoch": {
			Catalog{Segments: []Segment{seg(z(1, 1), z(1, 5), 0), seg(z(3, 1), z(3, 2), z(2, 7))}},
			surveyFound{Points: [][]Range{{{z(1, 1), z(1, 5)}}}, Gaps: []Gap{{After: z(1, 5), Before: z(3, 1), Missing: missing(z(2, 1), z(2, 7)), Open: true}}},
		},
		"an election without proof": {
			Catalog{Segments: []Segment{seg(z(1, 1), z(1, 5), 0), jump(z(2, 1), z(2, 2))}, Bases: []Base{base(z(2, 0), z(2, 0))}},
			surveyFound{Points: [][]Range{{{z(1, 1), z(1, 5)}}, {{z(2, 0), z(2, 2)}}}, Gaps: []Gap{{After: z(1, 5), Before: z(2, 1), Open: true, Bridged: true}}, Latest: true},
		},
		"an archive that begins with a base": {
			Catalog{Segments: []Segment{jump(0x10, 0x20)}, Bases: []Base{base(0xf, 0x12)}},
			surveyFound{Points: [][]Range{{{0x12, 0x20}}}, Latest: true},
		},
		"records that wait for a base": {Catalog{Segments: []Segment{jump(0x10, 0x20)}}, surveyFound{}},
		"records before a base that are lost": {
			Catalog{Segments: []Segment{seg(9, 12, 8)}, Bases: []Base{base(3, 3)}},
			surveyFound{Points: [][]Range{{{3, 3}}}, Gaps: []Gap{{After: 3, Before: 9, Missing: missing(4, 8)}}},
		},
		"records that were pruned between daily points": {
			Catalog{Segments: []Segment{seg(4, 6, 3), seg(0x10, 0x20, 0xf)}, Bases: []Base{base(3, 5), base(0xf, 0x12)}, Marks: []Mark{{Floor: 0xf}}},
			surveyFound{Points: [][]Range{{{5, 6}}, {{0x12, 0x20}}}, Latest: true},
		},
		"records that were lost behind what was pruned": {
			Catalog{Segments: []Segment{seg(4, 6, 3), seg(0x10, 0x20, 0xf)}, Bases: []Base{base(0xf, 0x12)}, Marks: []Mark{{Floor: 0xa}}},
			surveyFound{Points: [][]Range{{{0x12, 0x20}}}, Gaps: []Gap{{After: 6, Before: 0x10, Missing: missing(0xb, 0xf), Bridged: true}}, Latest: true},
		},
		"nothing": {},
	}
}

func TestWhatServersDisagreeOnIsNamed(t *testing.T) {
	z := zookeeper.MakeZxid
	other := seg(z(1, 4), z(1, 7), z(1, 3)) // says of 4 and of 5, which are other segments' ends, another time
	other.FirstTime, other.LastTime = time.UnixMilli(77), time.UnixMilli(88)
	s := NewSurvey(ParseCatalog(objectsOf(Catalog{Segments: []Segment{
		seg(z(1, 1), z(1, 4), 0), other, seg(z(1, 5), z(1, 7), z(1, 4)),
		seg(z(2, 1), z(2, 3), z(1, 7)), seg(z(2, 1), z(2, 3), z(1, 6)),
	}})))
	var got []string
	for _, d := range s.Diverged {
		got = append(got, d.String())
	}
	want := []string{
		"there are two transactions 0x100000004: servers say that it was made at [1970-01-01T00:00:00.002Z 1970-01-01T00:00:00.077Z]",
		"there are two transactions 0x100000007: servers say that it was made at [1970-01-01T00:00:00.002Z 1970-01-01T00:00:00.088Z]",
		"servers disagree on what came before 0x200000001: [0x100000007 0x100000006]",
	}
	slices.Sort(s.Diverged[len(s.Diverged)-1].Prevs)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSegmentsOfTheSameRecordsWithOtherBytesAreNoDivergence(t *testing.T) {
	one, other := seg(1, 5, 0), seg(1, 5, 0)
	one.Hash, other.Hash, other.Source = "0123456789abcdef", "fedcba9876543210", 2
	if s := NewSurvey(ParseCatalog(objectsOf(Catalog{Segments: []Segment{one, other}}))); s.Segments != 2 || len(s.Diverged) > 0 {
		t.Errorf("%d segments, diverged: %v", s.Segments, s.Diverged)
	}
}

func TestASurveyCountsWhatIsThereAndWhatIsHeldTwice(t *testing.T) {
	c := Catalog{Segments: []Segment{seg(1, 3, 0), seg(1, 6, 0), seg(4, 6, 3), seg(7, 8, 6)}, Bases: []Base{base(0, 0), base(9, 9), base(20, 25)}, Foreign: []string{"x"}}
	for i := range c.Segments {
		c.Segments[i].Size, c.Segments[i].Source = int64(i+1), i%2
	}
	c.Bases[2].Size = 100
	s := NewSurvey(c)
	if s.Redundant != (Redundancy{2, 1 + 3}) || s.Bytes != 110 || s.Segments != 4 || s.Foreign != 1 {
		t.Errorf("%+v", s)
	}
	want := []Shipper{{Source: 0, Segments: 2, Bases: 3, Bytes: 104, Last: 6, LastTime: seg(1, 1, 0).LastTime}, {Source: 1, Segments: 2, Bytes: 6, Last: 8, LastTime: seg(1, 1, 0).LastTime}}
	if diff := cmp.Diff(want, s.Servers); diff != "" {
		t.Error(diff)
	}
	var usable []string
	for _, b := range s.Bases {
		usable = append(usable, fmt.Sprint(b.Start, b.Usable))
	}
	if diff := cmp.Diff([]string{"0x0 true", "0x9 true", "0x14 false"}, usable); diff != "" {
		t.Error(diff)
	}
}

func TestStretchesBeginAndEndAtTheTimesOfTheirRecords(t *testing.T) {
	at := func(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
	a, b := seg(1, 5, 0), seg(6, 9, 5)
	a.FirstTime, a.LastTime, b.FirstTime, b.LastTime = at(10), at(50), at(60), at(90)
	exact := base(0, 0)
	exact.Time = at(7)
	alone := Catalog{Bases: []Base{exact}}
	epoch, ensemble := seg(zookeeper.MakeZxid(1, 1), zookeeper.MakeZxid(1, 9), 0), Catalog{Bases: []Base{exact}}
	epoch.FirstTime, epoch.LastTime = at(20), at(30)
	ensemble.Segments = []Segment{epoch}
	for _, c := range []struct {
		catalog     Catalog
		first, last int64
	}{
		{Catalog{Segments: []Segment{a, b}, Bases: []Base{exact}}, 10, 90},
		{Catalog{Segments: []Segment{a, b}, Bases: nil}, 10, 90},
		{alone, 7, 7},
		{ensemble, 20, 30},
	} {
		s, ok := NewSurvey(c.catalog).Latest()
		if !ok || !s.FirstTime.Equal(at(c.first)) || !s.LastTime.Equal(at(c.last)) {
			t.Errorf("%+v, want %d to %d", s, c.first, c.last)
		}
	}
}

// A survey of a million segments has to be as quick as a plan, also where every other object was lost.
func BenchmarkSurveyOfAMillionSegments(b *testing.B) {
	whole := ParseCatalog(million())
	holey := whole
	holey.Segments = nil
	for i := 0; i < len(whole.Segments); i += 2 {
		holey.Segments = append(holey.Segments, whole.Segments[i])
	}
	for name, c := range map[string]Catalog{"whole": whole, "holey": holey} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if s := NewSurvey(c); s.Segments != len(c.Segments) {
					b.Fatal(s.Segments)
				}
			}
		})
	}
}
