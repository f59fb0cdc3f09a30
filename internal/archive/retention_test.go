package archive

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zkark/zkark/internal/zookeeper"
)

const day = 24 * time.Hour

func today() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

// aged gives every object of a catalog an age and a name of its own, and sorts it like a listing.
func aged(c Catalog, age func(key string) time.Duration) Catalog {
	for i := range c.Segments {
		c.Segments[i].Source = i
	}
	for i := range c.Bases {
		c.Bases[i].Source = i
	}
	objects := objectsOf(c)
	for i := range objects {
		objects[i].Modified = today().Add(-age(objects[i].Key))
	}
	return ParseCatalog(objects)
}

func without(c Catalog, gone []Expired) Catalog {
	removed := map[string]bool{}
	for _, e := range gone {
		removed[e.Key] = true
	}
	kept := Catalog{Marks: c.Marks}
	for _, s := range c.Segments {
		if !removed[s.Key()] {
			kept.Segments = append(kept.Segments, s)
		}
	}
	for _, b := range c.Bases {
		if !removed[b.Key()] {
			kept.Bases = append(kept.Bases, b)
		}
	}
	return kept
}

// outcome is what a restore to a point starts from and replays.
type outcome struct {
	Base    Base
	Empty   bool
	Records []zookeeper.Zxid
	Target  zookeeper.Zxid
	Err     string
}

func outcomeOf(c Catalog, to Point) outcome {
	p, err := MakePlan(c, to)
	o := outcome{Base: p.Base, Empty: p.FromEmpty, Records: planned(p), Target: p.Target}
	if err != nil {
		o.Err = err.Error()
	}
	return o
}

// keptPoints is what a person who was promised the window and the dailies asks for: the latest, every record that was stored
// in the window, and the daily points.
func keptPoints(c Catalog, r Retention, e Expiry) []Point {
	points := []Point{Latest()}
	for _, s := range c.Segments {
		if today().Sub(s.Modified) > r.Keep {
			continue
		}
		for z := s.First; z <= s.Last; z++ {
			if o := outcomeOf(c, AtZxid(z)); o.Err == "" && o.Target == z {
				points = append(points, AtZxid(z))
			}
		}
	}
	for _, d := range e.Dailies {
		points = append(points, AtZxid(d.At))
	}
	return points
}

func TestEveryKeptPointIsRestorableFromTheSameRecordsHoweverFarARemovalGot(t *testing.T) {
	var removals, windows, dailies int
	check := func(t *rapid.T) {
		h := drawHistory(t)
		c := aged(h.cat, func(string) time.Duration { return time.Duration(rapid.IntRange(0, 40*24).Draw(t, "age")) * time.Hour })
		for i := range c.Bases {
			c.Bases[i].Time = today().Add(-time.Duration(rapid.IntRange(0, 5).Draw(t, "day")) * day)
		}
		if rapid.Bool().Draw(t, "in the order of the history") {
			inOrder(&c)
		}
		r := Retention{Keep: time.Duration(rapid.IntRange(1, 30).Draw(t, "keep")) * day,
			KeepDaily: time.Duration(rapid.IntRange(0, 45).Draw(t, "daily")) * day, Grace: day}
		e, err := Expendable(c, r, today())
		if err != nil {
			if _, planErr := MakePlan(c, Latest()); planErr == nil {
				t.Fatalf("refused: %v", err)
			}
			return
		}
		checkRemoval(t, c, r, e)
		once := without(c, e.Remove)
		again, err := Expendable(once, r, today())
		if err != nil {
			t.Fatalf("after the removal: %v", err)
		}
		checkRemoval(t, once, r, again)
		removals += len(e.Remove)
		dailies += len(e.Dailies)
		if e.Windowed && e.Floor > 0 {
			windows++
		}
	}
	// Most histories are young or short: go on until some were neither.
	for round := 0; round < 50 && (round < 3 || windows == 0 || dailies == 0); round++ {
		rapid.Check(t, check)
	}
	if removals == 0 || windows == 0 || dailies == 0 {
		t.Errorf("%d objects removed, %d windows, %d daily points: the test proves nothing", removals, windows, dailies)
	}
}

// checkRemoval removes one object after the other, and each time restores every kept point.
func checkRemoval(t *rapid.T, c Catalog, r Retention, e Expiry) {
	points := keptPoints(c, r, e)
	var before []outcome
	for _, to := range points {
		before = append(before, outcomeOf(c, to))
	}
	for n := range len(e.Remove) + 1 {
		after := without(c, e.Remove[:n])
		for i, to := range points {
			if diff := cmp.Diff(before[i], outcomeOf(after, to)); diff != "" {
				t.Fatalf("%d of %+v removed, %+v restores otherwise (-before +after):\n%s", n, e.Remove, to, diff)
			}
		}
	}
}

// inOrder makes ages follow the zxids, as they do when sidecars keep up.
func inOrder(c *Catalog) {
	var ages []time.Time
	for _, s := range c.Segments {
		ages = append(ages, s.Modified)
	}
	slices.SortFunc(ages, time.Time.Compare)
	for i := range c.Segments {
		c.Segments[i].Modified = ages[i]
	}
}

// month is an archive of 30 days: a base at the start of each, which is consistent two records later, and two segments of ten
// records a day.
func month() Catalog {
	var c Catalog
	for d := range zookeeper.Zxid(30) {
		at := d * 20
		noon := today().Add(-time.Duration(30-d) * day)
		b := base(at, at+2)
		b.Time, b.Modified, b.Size = noon, noon, 1
		c.Bases = append(c.Bases, b)
		for _, first := range []zookeeper.Zxid{at + 1, at + 11} {
			s := seg(first, first+9, first-1)
			s.Modified, s.Size = noon.Add(time.Hour), 1
			c.Segments = append(c.Segments, s)
		}
	}
	c.Bases[0].End = 0
	return c
}

func expire(t *testing.T, c Catalog, r Retention) Expiry {
	t.Helper()
	e, err := Expendable(c, r, today())
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestAMonthShrinksToAWeekAndADailyPointForEachDayBefore(t *testing.T) {
	c := month()
	e := expire(t, c, Retention{Keep: 7 * day, KeepDaily: 14 * day, Grace: day})
	if e.From.Start != 22*20 || e.Floor != 22*20 || len(e.Dailies) != 6 {
		t.Errorf("window from %s, floor %s, %d dailies; want the base before the week, and six days before it", e.From.Start, e.Floor, len(e.Dailies))
	}
	if want := (30 - 22 + 6) * 3; e.Kept != want-6 {
		t.Errorf("%d objects stay, want %d: eight whole days, six bases and the segments they need", e.Kept, want-6)
	}
	if e.KeptBytes != int64(e.Kept) || !strings.HasPrefix(e.Remove[0].Key, SnapshotPrefix) {
		t.Errorf("%d bytes in %d objects; first goes %s", e.KeptBytes, e.Kept, e.Remove[0].Key)
	}
	kept := without(c, e.Remove)
	if p, err := MakePlan(kept, AtZxid(e.Dailies[5].At)); err != nil || p.Target != p.Base.End {
		t.Errorf("oldest daily point: %+v, %v", p, err)
	}
}

func TestAnIdleClusterKeepsItsLastChainForEver(t *testing.T) {
	c := month()
	e, err := Expendable(c, Retention{Keep: day, KeepDaily: day, Grace: time.Hour}, today().Add(20000*day))
	if err != nil {
		t.Fatal(err)
	}
	if e.Kept != 3 || len(e.Notes) != 1 {
		t.Errorf("%d objects stay with notes %q; want the last base, what is after it, and a note on the clock", e.Kept, e.Notes)
	}
	if p, err := MakePlan(without(c, e.Remove), Latest()); err != nil || p.Target != 600 {
		t.Errorf("latest: %s, %v", p.Target, err)
	}
}

func TestAClockThatIsBehindTheArchiveIsRefused(t *testing.T) {
	if _, err := Expendable(month(), Retention{Keep: day}, today().Add(-3*day)); !errors.Is(err, ErrClock) {
		t.Errorf("got %v, want ErrClock", err)
	}
}

func TestWithoutAWayToTheLatestPointNothingIsExpendable(t *testing.T) {
	c := month()
	c.Segments = slices.Delete(c.Segments, 57, 59) // the last base is inside its own gap
	var no *NoChainError
	if e, err := Expendable(c, Retention{Keep: day}, today()); !errors.As(err, &no) || len(e.Remove) > 0 {
		t.Errorf("%+v, %v; want a refusal", e, err)
	}
	if _, err := Expendable(Catalog{}, Retention{Keep: day}, today()); !errors.Is(err, ErrEmpty) {
		t.Errorf("an empty archive: %v", err)
	}
}

func TestAGapInsideTheWindowKeepsWhatIsBeforeIt(t *testing.T) {
	c := month()
	c.Segments = slices.Delete(c.Segments, 57, 58)
	e := expire(t, c, Retention{Keep: 7 * day, Grace: day})
	if len(e.Remove) > 0 || e.Windowed || len(e.Notes) == 0 {
		t.Errorf("removes %d, notes %q", len(e.Remove), e.Notes)
	}
}

func TestASmallSegmentGoesAGracePeriodAfterTheLargerOneIsThere(t *testing.T) {
	c := month()
	large := seg(561, 600, 560)
	large.Modified = today().Add(-2 * time.Hour)
	c.Segments = append(c.Segments, large)
	c = sorted(c)
	if e := expire(t, c, Retention{Keep: 90 * day, Grace: 3 * time.Hour}); len(e.Remove) != 0 {
		t.Errorf("removed %+v within the grace period", e.Remove)
	}
	e := expire(t, c, Retention{Keep: 90 * day, Grace: time.Hour})
	if len(e.Remove) != 4 || e.Remove[0].Why != Subsumed || e.Floor != 0 {
		t.Errorf("removed %+v, floor %s; want the four small ones", e.Remove, e.Floor)
	}
}

func sorted(c Catalog) Catalog {
	slices.SortFunc(c.Segments, func(a, b Segment) int { return strings.Compare(a.Key(), b.Key()) })
	return c
}

func TestOfEqualSegmentsOneStaysAndItIsTheOneThatProvesMost(t *testing.T) {
	first := zookeeper.MakeZxid(1, 1)
	claims := []Segment{seg(first, first+4, 0), jump(first, first+4), seg(first, first, 0), jump(first, first+9), seg(first+2, first+5, first+1)}
	for i := range claims {
		claims[i].Modified, claims[i].Hash = today().Add(-day), strings.Repeat(string("abcdef"[i]), 16)
	}
	c := sorted(Catalog{Segments: claims, Bases: []Base{base(0, 0)}})
	c.Bases[0].Modified = today()
	e := expire(t, c, Retention{Keep: day, Grace: 0})
	var kept []string
	for _, s := range without(c, e.Remove).Segments {
		kept = append(kept, s.Hash[:1])
	}
	if diff := cmp.Diff([]string{"a", "d"}, kept); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
}

func TestAYoungDeadBranchStaysUntilTheWindowPasses(t *testing.T) {
	c := month()
	dead := seg(zookeeper.MakeZxid(1, 1), zookeeper.MakeZxid(1, 2), 300)
	dead.Modified = today().Add(-2 * day)
	next := seg(zookeeper.MakeZxid(2, 1), zookeeper.MakeZxid(2, 2), 600)
	next.Modified = today()
	b := base(zookeeper.MakeZxid(2, 2), zookeeper.MakeZxid(2, 2))
	b.Modified = today()
	c.Segments, c.Bases = append(c.Segments, dead, next), append(c.Bases, b)
	for keep, stays := range map[time.Duration]bool{3 * day: true, day: false} {
		e := expire(t, c, Retention{Keep: keep})
		if got := slices.ContainsFunc(without(c, e.Remove).Segments, func(s Segment) bool { return s == dead }); got != stays && e.From.Start > dead.Last {
			t.Errorf("keep %s: dead branch stays: %v", keep, got)
		}
	}
}

func TestAMarkIsReadBackAndTheHighestCounts(t *testing.T) {
	objects := append(objectsOf(month()), Object{Key: Mark{Floor: 40}.Key()}, Object{Key: Mark{Floor: 20}.Key()}, Object{Key: ClockKey})
	c := ParseCatalog(objects)
	if c.Floor() != 40 || len(c.Foreign) != 0 {
		t.Errorf("floor %s, foreign %q", c.Floor(), c.Foreign)
	}
	c.Marks[0].Size = 5
	m := month()
	m.Marks = c.Marks
	e := expire(t, m, Retention{Keep: 90 * day})
	if len(e.Remove) != 1 || e.Remove[0].Why != Superseded || e.Kept != 90 {
		t.Errorf("%+v, want the older mark removed", e)
	}
}
