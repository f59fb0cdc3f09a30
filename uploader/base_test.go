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
