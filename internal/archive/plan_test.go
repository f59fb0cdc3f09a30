package archive

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zkark/zkark/internal/zookeeper"
)

func seg(first, last, prev zookeeper.Zxid) Segment {
	return Segment{First: first, Last: last, Prev: prev, Linked: true, Hash: "0123456789abcdef",
		FirstTime: time.UnixMilli(1).UTC(), LastTime: time.UnixMilli(2).UTC()}
}

func jump(first, last zookeeper.Zxid) Segment {
	s := seg(first, last, 0)
	s.Linked = false
	return s
}

func base(start, end zookeeper.Zxid) Base {
	return Base{Start: start, End: end, Time: time.UnixMilli(0).UTC(), Hash: "0123456789abcdef"}
}

// planned is the zxids that a plan would replay.
func planned(p Plan) []zookeeper.Zxid {
	var zs []zookeeper.Zxid
	for _, piece := range p.Pieces {
		for z := piece.First; z <= piece.UpTo; z++ {
			zs = append(zs, z)
		}
	}
	return zs
}

func TestAPlanReplaysExactlyTheTrueHistoryOrIsRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t)
		p, err := MakePlan(h.cat, Latest())
		target := h.newest()
		best, ok := h.bestBase(target)
		if !ok {
			if err == nil {
				t.Fatalf("planned %+v although nothing proves a way to %s", p, target)
			}
			return
		}
		if err != nil {
			t.Fatalf("refused although base %s leads to %s: %v", best.Start, target, err)
		}
		want, ok := h.path(p.Base.Start, target)
		if !ok || p.Base.End > target || p.Target != target {
			t.Fatalf("plan from base %s–%s to %s is not proven", p.Base.Start, p.Base.End, p.Target)
		}
		if p.Base.Start != best.Start || p.FromEmpty != (best == Base{}) {
			t.Fatalf("base %+v chosen, %+v is newer", p.Base, best)
		}
		if diff := cmp.Diff(want, planned(p)); diff != "" {
			t.Fatalf("replayed records differ from the history (-history +planned):\n%s", diff)
		}
	})
}

// bestBase is the newest base from which the archive holds a proven way to the target; the zero Base when only the first
// transaction of all is such a place.
func (h *history) bestBase(target zookeeper.Zxid) (Base, bool) {
	for i := len(h.cat.Bases) - 1; i >= 0; i-- {
		b := h.cat.Bases[i]
		_, fromStart := h.path(b.Start, target)
		_, fromEnd := h.path(b.End, target)
		if fromStart && fromEnd && b.End <= target {
			return b, true
		}
	}
	_, all := h.path(0, target)
	return Base{}, all && target > 0
}

func TestALogThatGoesBackToTheFirstTransactionNeedsNoBase(t *testing.T) {
	standalone := Catalog{Segments: []Segment{seg(1, 5, 0), seg(6, 9, 5)}}
	ensemble := Catalog{Segments: []Segment{seg(0x100000001, 0x100000005, 0)}}
	for name, c := range map[string]Catalog{"standalone": standalone, "ensemble": ensemble} {
		p, err := MakePlan(c, Latest())
		if err != nil || !p.FromEmpty || len(p.Pieces) != len(c.Segments) {
			t.Errorf("%s: %+v, %v; want a plan from the empty tree", name, p, err)
		}
	}
	ensemble.Segments[0].Linked = false
	var no *NoChainError
	if _, err := MakePlan(ensemble, Latest()); !errors.As(err, &no) {
		t.Errorf("what came before the first record is not known: %v; want a refusal", err)
	}
	fuzzy := Catalog{Bases: []Base{base(5, 9)}}
	if p, err := MakePlan(fuzzy, Latest()); err == nil {
		t.Errorf("an archive without a consistent point gives %+v", p)
	}
}

func TestATargetThatNeverExistedRoundsDown(t *testing.T) {
	c := Catalog{
		Segments: []Segment{seg(0x100000001, 0x10000003b, 0), seg(0x200000001, 0x200000010, 0x10000003a)},
		Bases:    []Base{base(0, 0)},
	}
	for asked, want := range map[zookeeper.Zxid]zookeeper.Zxid{
		0x10000003b: 0x10000003a, // logged, but dead
		0x1000000ff: 0x10000003a,
		0x200000000: 0x10000003a,
		0x20000000a: 0x20000000a,
		0x300000000: 0x200000010,
	} {
		p, err := MakePlan(c, AtZxid(asked))
		if err != nil || p.Target != want {
			t.Errorf("asked for %s: got %s, %v, want %s", asked, p.Target, err, want)
		}
	}
}

func TestDeadProposalsBehindASnapshotAreNotRestored(t *testing.T) {
	// One server keeps dead 0x10000003b in its old log, was sent a snapshot at 0x200000015 and logged on from
	// there; another has the records between.
	c := ParseCatalog(objectsOf(Catalog{
		Segments: []Segment{seg(0x100000001, 0x10000003b, 0), jump(0x200000016, 0x200000020),
			seg(0x100000001, 0x10000003a, 0), seg(0x200000001, 0x200000018, 0x10000003a)},
		Bases: []Base{base(0, 0)},
	}))
	p, err := MakePlan(c, Latest())
	if err != nil {
		t.Fatal(err)
	}
	zs := planned(p)
	if got, want := len(zs), 0x3a+0x20; got != want {
		t.Errorf("%d records replayed, want %d", got, want)
	}
	for _, z := range zs {
		if z == 0x10000003b {
			t.Error("a dead proposal is replayed")
		}
	}
}

func TestABaseBridgesAJumpAndPointsInsideAreRefusedByName(t *testing.T) {
	c := Catalog{
		Segments: []Segment{seg(0x100000001, 0x100000005, 0), jump(0x100000016, 0x100000020)},
		Bases:    []Base{base(0, 0), base(0x100000015, 0x100000017)},
	}
	if p, err := MakePlan(c, Latest()); err != nil || p.Base.Start != 0x100000015 {
		t.Errorf("latest: base %s, %v; want the bridge 0x100000015", p.Base.Start, err)
	}
	var no *NoChainError
	if _, err := MakePlan(c, AtZxid(0x100000016)); !errors.As(err, &no) || no.Fuzzy == nil {
		t.Errorf("inside the fuzzy window: %v; want a refusal that names the base", err)
	}
	if _, err := MakePlan(c, AtZxid(0x10000000a)); !errors.As(err, &no) {
		t.Errorf("inside the jump: %v; want a refusal", err)
	}
	if p, err := MakePlan(c, AtZxid(0x100000004)); err != nil || p.Base.Start != 0 || p.Target != 0x100000004 {
		t.Errorf("before the jump: %+v, %v", p, err)
	}
}

func TestABaseThatRanIntoADeadBranchIsNotUsed(t *testing.T) {
	c := Catalog{
		Segments: []Segment{seg(0x100000001, 0x100000008, 0), seg(0x200000001, 0x200000004, 0x100000005)},
		Bases:    []Base{base(0, 0), base(0x100000004, 0x100000007)},
	}
	if p, err := MakePlan(c, Latest()); err != nil || p.Base.Start != 0 {
		t.Errorf("base %s, %v; want the one that holds nothing of 0x100000006", p.Base.Start, err)
	}
}

func TestAMissingObjectInTheMiddleIsRefusedAndNamed(t *testing.T) {
	c := Catalog{Segments: []Segment{seg(1, 5, 0), seg(9, 12, 8)}, Bases: []Base{base(0, 0)}}
	var no *NoChainError
	if _, err := MakePlan(c, Latest()); !errors.As(err, &no) || no.Below != 9 {
		t.Fatalf("got %v, want a refusal that names 0x9", err)
	}
}

func TestTheFewestSegmentsAreRead(t *testing.T) {
	c := ParseCatalog(objectsOf(Catalog{
		Segments: []Segment{seg(1, 1, 0), seg(2, 2, 1), seg(3, 3, 2), seg(1, 3, 0), seg(4, 6, 3), seg(4, 9, 3), seg(7, 8, 6)},
		Bases:    []Base{base(0, 0)},
	}))
	p, err := MakePlan(c, Latest())
	if err != nil || len(p.Pieces) != 2 {
		t.Fatalf("%d pieces, %v; want the compacted two", len(p.Pieces), err)
	}
}

func TestAnIdleArchiveWithOneExactBaseIsRestorable(t *testing.T) {
	p, err := MakePlan(Catalog{Bases: []Base{base(7, 7)}}, Latest())
	if err != nil || p.Target != 7 || len(p.Pieces) != 0 {
		t.Fatalf("%+v, %v", p, err)
	}
	if _, err := MakePlan(Catalog{}, Latest()); !errors.Is(err, ErrEmpty) {
		t.Errorf("an empty catalog gives %v, want ErrEmpty", err)
	}
}

func TestServersThatDisagreeOnAnElectionStopThePlan(t *testing.T) {
	c := Catalog{
		Segments: []Segment{seg(0x100000001, 0x100000005, 0), seg(0x200000001, 0x200000003, 0x100000004), seg(0x200000001, 0x200000003, 0x100000005)},
		Bases:    []Base{base(0, 0)},
	}
	var diverged *DivergedError
	if _, err := MakePlan(c, Latest()); !errors.As(err, &diverged) {
		t.Fatalf("got %v, want a *DivergedError", err)
	}
}

func TestMissingIsWhatNoSegmentHolds(t *testing.T) {
	c := Catalog{Segments: []Segment{seg(3, 4, 2), seg(4, 6, 3), seg(9, 9, 8)}}
	want := []Range{{1, 2}, {7, 8}, {10, 12}}
	if diff := cmp.Diff(want, Missing(c, 1, 12)); diff != "" {
		t.Error(diff)
	}
	if m := Missing(c, 4, 6); m != nil {
		t.Errorf("missing %v of what is held", m)
	}
}

// What a leader logged and nobody acknowledged may have reached a follower's socket all the same, and become the history.
func TestOnlyTheChainDecidesWhatOfALostLeadersProposalsWasCommitted(t *testing.T) {
	lost := seg(0x100000001, 0x10000000c, 0)
	for committed := zookeeper.Zxid(0x100000005); committed <= 0x10000000c; committed++ {
		c := Catalog{Segments: []Segment{lost, seg(0x200000001, 0x200000003, committed)}, Bases: []Base{base(0x100000000, 0x100000000)}}
		p, err := MakePlan(c, Latest())
		if err != nil {
			t.Fatal(err)
		}
		var want []zookeeper.Zxid
		for z := zookeeper.Zxid(0x100000001); z <= committed; z++ {
			want = append(want, z)
		}
		want = append(want, 0x200000001, 0x200000002, 0x200000003)
		if diff := cmp.Diff(want, planned(p)); diff != "" {
			t.Errorf("committed up to %s (-want +planned):\n%s", committed, diff)
		}
	}
}
