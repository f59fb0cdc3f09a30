package uploader_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/snapshot"
)

func TestTheNewestSealedSnapshotBecomesTheBase(t *testing.T) {
	w := newWorld()
	u := w.uploader()
	ship(t, u)
	w.snapshot(10, 12, w.now, nil)
	w.snapshot(20, 0, w.now, &snapshot.FormatError{Name: "snapshot.14", Err: snapshot.ErrUnsealed})
	if skipped := shipBase(t, u); len(skipped) != 1 || !errors.Is(skipped[0], snapshot.ErrUnsealed) {
		t.Errorf("skipped %v, want the unsealed one", skipped)
	}
	c := w.catalog(t)
	if diff := cmp.Diff([]zookeeper.Zxid{10}, starts(c)); diff != "" || c.Bases[0].End != 12 {
		t.Errorf("bases %+v, want 0xa–0xc", c.Bases)
	}
	w.now = w.now.Add(2 * time.Hour)
	if skipped := shipBase(t, u); len(skipped) != 0 {
		t.Errorf("looked again at what has not changed: %v", skipped)
	}
}

func TestASnapshotThatIsWrittenAgainUnderItsNameIsAnotherOne(t *testing.T) {
	w := newWorld()
	u := w.uploader()
	ship(t, u)
	half := &snapshot.FormatError{Name: "snapshot.14", Err: snapshot.ErrUnsealed}
	w.snapshot(20, 0, w.now, half)
	if skipped := shipBase(t, u); len(skipped) != 1 {
		t.Errorf("skipped %v, want the half one", skipped)
	}
	w.snapshots = nil
	w.snapshot(20, 20, w.now.Add(time.Second), nil) // the server was restarted, or was sent another
	shipBase(t, u)
	if diff := cmp.Diff([]zookeeper.Zxid{20}, starts(w.catalog(t))); diff != "" {
		t.Errorf("bases (-want +got):\n%s", diff)
	}
}
