package uploader_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/timelines"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/uploader"
)

// standalone is an uploader of a server without an ensemble, and what it tells of new timelines.
func (w *world) standalone() (*uploader.Uploader, *[]int) {
	u, turned := w.uploader(), new([]int)
	u.Source = 0
	u.NewTimeline = func(n int, _ error) { *turned = append(*turned, n) }
	return u, turned
}

// forked gives the server records that are its own from first on, up to last.
func (w *world) forked(first, last zookeeper.Zxid) {
	w.runs, w.from, w.delay = nil, first, 5
	w.linked(1, last, 0)
}

// missing is what a timeline lacks of the records 1 to last.
func (w *world) missing(t *testing.T, timeline int, last zookeeper.Zxid) []archive.Range {
	t.Helper()
	var objects []archive.Object
	for o, err := range w.bucket.List(t.Context(), archive.TimelinePrefix(timeline), "") {
		if err != nil {
			t.Fatal(err)
		}
		objects = append(objects, archive.Object{Key: strings.TrimPrefix(o.Key, archive.TimelinePrefix(timeline)), Size: o.Size})
	}
	return archive.Missing(archive.ParseCatalog(objects), 1, last)
}

func TestAStandaloneServerThatUsedItsZxidsAgainGoesOnInANewTimeline(t *testing.T) {
	w := newWorld()
	w.linked(1, 25, 0)
	first, _ := w.standalone()
	ship(t, first)
	w.forked(13, 30)
	before := len(w.puts)
	u, turned := w.standalone()
	ship(t, u)
	if len(w.puts) > before || !slices.Equal(*turned, []int{2}) {
		t.Errorf("%d objects added to the old timeline, turned to %v; want none and 2", len(w.puts)-before, *turned)
	}
	if missing := w.missing(t, 2, 30); len(missing) > 0 {
		t.Errorf("the new timeline lacks %v", missing)
	}
	opened, err := timelines.Read(t.Context(), w.bucket, 2)
	if err != nil || opened.Parent != 1 || opened.Fork != 9 {
		t.Errorf("the new timeline is %+v, %v; want one that shares 0x9 with the first", opened, err)
	}
	again, turned := w.standalone()
	w.forked(13, 33)
	ship(t, again)
	if missing := w.missing(t, 2, 33); len(missing) > 0 || len(*turned) > 0 {
		t.Errorf("after a restart the new timeline lacks %v, turned to %v", missing, *turned)
	}
}

func TestOldDataThatIsPutBackUnderARunningSidecarIsNoticedBeforeAnythingIsMixed(t *testing.T) {
	w := newWorld()
	w.linked(1, 25, 0)
	u, turned := w.standalone()
	ship(t, u)
	w.forked(99, 12) // old data, and nothing new yet
	ship(t, u)
	if len(*turned) > 0 {
		t.Errorf("turned to %v although nothing contradicts the archive", *turned)
	}
	before := len(w.puts)
	w.forked(13, 40) // far beyond what is archived, between two turns
	ship(t, u)
	if len(w.puts) > before || !slices.Equal(*turned, []int{2}) || len(w.missing(t, 2, 40)) > 0 {
		t.Errorf("%d objects added to the old timeline, turned to %v, of which is missing %v", len(w.puts)-before, *turned, w.missing(t, 2, 40))
	}
}

func TestAServerOfAnEnsembleOpensNoTimelineAndEntersOneThatIsOpened(t *testing.T) {
	w := newWorld()
	w.linked(1, 25, 0)
	ship(t, w.uploader())
	w.forked(13, 30)
	u := w.uploader()
	err := u.ShipLog(t.Context(), func(archive.Segment) {})
	if !errors.Is(err, uploader.ErrOtherHistory) || !strings.Contains(err.Error(), "zkark timeline --open") {
		t.Fatalf("%v, want ErrOtherHistory and what to do", err)
	}
	if err := timelines.Open(t.Context(), w.bucket, 2, archive.Timeline{Parent: 1, Created: w.now}); err != nil {
		t.Fatal(err)
	}
	ship(t, u)
	if missing := w.missing(t, 2, 30); len(missing) > 0 {
		t.Errorf("the opened timeline lacks %v", missing)
	}
}

func TestAnotherClustersArchiveGetsNoNewTimeline(t *testing.T) {
	w := newWorld()
	w.linked(1, 25, 0)
	ship(t, w.uploader())
	w.runs, w.session = nil, 99
	w.linked(1, 30, 0)
	u, _ := w.standalone()
	if err := u.ShipLog(t.Context(), func(archive.Segment) {}); !errors.Is(err, uploader.ErrOtherHistory) {
		t.Errorf("%v, want ErrOtherHistory", err)
	}
	if n, err := timelines.Newest(t.Context(), w.bucket); n != 1 || err != nil {
		t.Errorf("newest timeline %d, %v", n, err)
	}
}

func TestEveryTimelineIsPrunedByItselfAndKeepsItsLastChain(t *testing.T) {
	w := fortnight(t)
	opened := archive.Timeline{Parent: 1, Created: w.now}
	if err := timelines.Open(t.Context(), w.bucket, 2, opened); err != nil {
		t.Fatal(err)
	}
	p := w.pruner()
	p.Timeline = 1
	w.now = w.now.Add(365 * 24 * time.Hour)
	before := len(w.catalog(t).Segments)
	if _, err := p.Prune(t.Context()); err != nil {
		t.Fatal(err)
	}
	left := w.catalog(t)
	if _, err := archive.MakePlan(left, archive.Latest()); err != nil || len(left.Segments) >= before {
		t.Errorf("%d of %d segments are left, and %v", len(left.Segments), before, err)
	}
}
