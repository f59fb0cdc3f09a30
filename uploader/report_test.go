package uploader_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/uploader"
)

// reports are the keys of all reports, as a listing shows them.
func (w *world) reports(t *testing.T) []string {
	t.Helper()
	var keys []string
	for a, err := range w.bucket.Bucket.List(t.Context(), archive.ReportPrefix, "") {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, a.Key)
	}
	return keys
}

func TestAReportIsArchivedOnceTheArchiveIsKnownToBeTheServers(t *testing.T) {
	w := newWorld()
	w.linked(1, 25, 0)
	u := w.uploader()
	r := archive.ServerReport{Server: 3, Time: w.now, Role: "leader"}
	if done, err := u.Report(t.Context(), r); done || err != nil || len(w.reports(t)) > 0 {
		t.Errorf("before the first turn: done %v, %v", done, err)
	}
	ship(t, u)
	for range 2 { // the first answer may have been lost
		if done, err := u.Report(t.Context(), r); !done || err != nil {
			t.Errorf("after it: done %v, %v", done, err)
		}
	}
	if got := w.reports(t); !slices.Equal(got, []string{r.Key()}) {
		t.Errorf("archived %q, want %s", got, r.Key())
	}
	w.runs, w.session = nil, 99 // another cluster
	w.linked(1, 20, 0)
	other := w.uploader()
	if err := other.ShipLog(t.Context(), func(archive.Segment) {}); !errors.Is(err, uploader.ErrOtherHistory) {
		t.Fatal(err)
	}
	r.Time = r.Time.Add(time.Second)
	if done, err := other.Report(t.Context(), r); done || err != nil || len(w.reports(t)) > 1 {
		t.Errorf("another cluster reports into the archive: done %v, %v", done, err)
	}
}

func TestAPruneRemovesReportsThatNewerOnesReplacedAndNothingElseBesideTheTimeline(t *testing.T) {
	w := fortnight(t)
	u := w.uploader()
	w.linked(281, 282, 280)
	ship(t, u)
	var last archive.ServerReport
	for range 5 {
		last = archive.ServerReport{Server: 1, Time: w.now, Role: "standalone"}
		if done, err := u.Report(t.Context(), last); !done || err != nil {
			t.Fatal(err)
		}
		w.now = w.now.Add(day / 2)
	}
	e, err := w.pruner().Prune(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := w.reports(t)
	if len(e.Reports) != 3 || len(got) != 2 || got[1] != last.Key() || !strings.HasPrefix(got[0], "servers/001/") {
		t.Errorf("%d were planned to go, and left are %q; want the last, and one that is as young as the grace period", len(e.Reports), got)
	}
}
