package e2e

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/test/loop"
	"github.com/zkark/zkark/test/zkserver"
)

// An archive in which somebody claims another history before an epoch is no ground to come back on, and forcing does not make it one.
func TestAnArchiveWithTwoHistoriesBringsNoServerBack(t *testing.T) {
	f := newFleet(t, 3, zkserver.Options{})
	f.create("/one")
	f.create("/two")
	f.must(f.servers[f.leader()].Kill())
	f.create("/three") // in another epoch
	f.boot()
	f.waitArchived()
	f.stopSidecars()
	f.claimAnotherHistory()
	f.lose(0)
	f.expectRefused(0, "one history")
	var refused error
	if _, refused = f.rejoin(0, "--rejoin=force"); refused == nil || !strings.Contains(refused.Error(), "disagree") {
		t.Errorf("forced: %v", refused)
	}
}

// claimAnotherHistory archives an epoch's first segment again, with another predecessor in its name.
func (f *fleet) claimAnotherHistory() {
	f.t.Helper()
	catalog, err := loop.Catalog(f.archive)
	f.must(err)
	timeline := filepath.Join(f.archive, filepath.FromSlash(archive.TimelinePrefix(1)))
	for _, s := range catalog.Segments {
		if s.First.Counter() != 1 || !s.Linked || s.Prev.Counter() < 2 {
			continue
		}
		data, err := os.ReadFile(filepath.Join(timeline, filepath.FromSlash(s.Key())))
		s.Prev--
		s.Hash = strings.Repeat("f", len(s.Hash))
		f.must(errors.Join(err, os.WriteFile(filepath.Join(timeline, filepath.FromSlash(s.Key())), data, 0o644)))
		return
	}
	f.t.Fatalf("no epoch's first segment is archived: %+v", catalog.Segments)
}
