package uploader_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/store/mem"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/uploader"
)

func compact(t *testing.T, w *world) (made []archive.Segment) {
	t.Helper()
	if err := w.uploader().Compact(t.Context(), func(s archive.Segment) { made = append(made, s) }); err != nil {
		t.Fatalf("compact: %v", err)
	}
	return made
}

func manySmall(t *testing.T) *world {
	w := newWorld()
	w.bucket.Bucket = &dated{Bucket: mem.New(), clock: func() time.Time { return w.now }, stored: map[string]time.Time{}}
	w.limit = 3 * recordSize
	w.linked(1, 200, 0)
	w.linked(zookeeper.MakeZxid(1, 1), zookeeper.MakeZxid(1, 20), 200)
	ship(t, w.uploader())
	return w
}

func TestManySmallSegmentsOfAnEpochBecomeOneWithTheSameRecords(t *testing.T) {
	w := manySmall(t)
	if made := compact(t, w); len(made) != 0 {
		t.Fatalf("compacted %v of the last hour", made)
	}
	w.now = w.now.Add(2 * time.Hour)
	small := w.catalog(t).Segments
	made := compact(t, w)
	if len(made) != 1 || made[0].First != 1 || made[0].Last != 200 || made[0].Prev != 0 || !made[0].Linked {
		t.Fatalf("made %+v, want 0x1–0xc8 linked to the beginning", made)
	}
	if all := w.content(t, made[0]); len(all) != 200 || !made[0].FirstTime.Equal(time.UnixMilli(1)) || !made[0].LastTime.Equal(time.UnixMilli(200)) {
		t.Errorf("%d records from %s to %s", len(all), made[0].FirstTime, made[0].LastTime)
	}
	if again := compact(t, w); len(again) != 0 || len(w.catalog(t).Segments) != len(small)+1 {
		t.Errorf("compacted again: %v", again)
	}
	w.snapshot(0, 0, w.now, nil)
	shipped := w.uploader()
	ship(t, shipped)
	shipBase(t, shipped)
	w.now = w.now.Add(25 * time.Hour)
	p := w.pruner()
	p.Retention.Keep = 100 * day
	if _, err := p.Prune(t.Context()); err != nil {
		t.Fatal(err)
	}
	left := w.catalog(t).Segments
	if !slices.ContainsFunc(left, func(s archive.Segment) bool { return s.Key() == made[0].Key() }) || len(left) >= len(small) || left[0].Last != 200 {
		t.Errorf("%d segments left, of which the first ends at %s", len(left), left[0].Last)
	}
	plan, err := archive.MakePlan(w.catalog(t), archive.Latest())
	if err != nil || plan.Target != zookeeper.MakeZxid(1, 20) || plan.Pieces[0].Key() != made[0].Key() {
		t.Errorf("plan %+v, %v", plan, err)
	}
}

func TestOnlyWhatTheLocalLogsHoldWholeIsCompacted(t *testing.T) {
	w := manySmall(t)
	w.now = w.now.Add(2 * time.Hour)
	w.runs = nil
	w.linked(50, 200, 49)
	made := compact(t, w)
	if len(made) != 1 || made[0].First != 51 || made[0].Last != 200 {
		t.Errorf("made %+v, want 0x33–0xc8: the segments that begin at 0x32 or later", made)
	}
	w.runs = nil
	w.linked(100, 150, 99)
	if made := compact(t, w); len(made) != 0 {
		t.Errorf("made %+v of a few segments", made)
	}
}

func TestAnArchiveOfAnotherHistoryOrNoneIsNotCompacted(t *testing.T) {
	w := manySmall(t)
	w.now = w.now.Add(2 * time.Hour)
	w.runs, w.session = nil, 99
	w.linked(1, 200, 0)
	if err := w.uploader().Compact(t.Context(), func(archive.Segment) {}); !errors.Is(err, uploader.ErrOtherHistory) {
		t.Errorf("another history: %v", err)
	}
	none := newWorld()
	none.linked(1, 200, 0)
	if err := none.uploader().Compact(t.Context(), func(archive.Segment) {}); !errors.Is(err, uploader.ErrNoArchive) {
		t.Errorf("no archive: %v", err)
	}
}
