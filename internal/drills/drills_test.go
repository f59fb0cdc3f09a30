package drills

import (
	"errors"
	"testing"
	"time"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/store"
	"github.com/zkark/zkark/internal/store/mem"
)

func TestTheNewestDrillCountsAndNoneIsNoError(t *testing.T) {
	b := mem.New()
	if r, err := Newest(t.Context(), b); r != nil || err != nil {
		t.Errorf("of none: %+v, %v", r, err)
	}
	day := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for i, at := range []time.Time{day, day.AddDate(0, 0, 3), day.AddDate(0, 0, 7)} {
		if err := Put(t.Context(), b, archive.DrillReport{Time: at, Records: int64(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if r, err := Newest(t.Context(), b); err != nil || r == nil || r.Records != 2 {
		t.Errorf("got %+v, %v", r, err)
	}
	if err := b.Put(t.Context(), archive.DrillPrefix+"20270101T000000.000Z.json", store.BytesBody([]byte("{"))); err != nil {
		t.Fatal(err)
	}
	if r, err := Newest(t.Context(), b); err == nil {
		t.Errorf("a report that cannot be read is taken for %+v", r)
	}
	if err := Put(t.Context(), b, archive.DrillReport{Time: day}); !errors.Is(err, store.ErrExists) {
		t.Errorf("a second report of one moment: %v", err)
	}
}
