package restore

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/tree/treetest"
)

func TestAGoodBaseUnderTheNameOfAnotherOneIsPassedOver(t *testing.T) {
	w := newWorld(t, 43, 200)
	cfg := w.config(t)
	plan, err := Plan(context.Background(), cfg)
	if err != nil || plan.Base.Start == 0 {
		t.Fatalf("%+v, %v", plan.Base, err)
	}
	var first []byte
	w.replace(t, w.keys(t, "snapshot/")[0], func(o []byte) []byte { first = bytes.Clone(o); return o })
	w.replace(t, archive.TimelinePrefix(1)+plan.Base.Key(), func([]byte) []byte { return first })
	report, err := Run(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if report.Plan.Base.Start >= plan.Base.Start || len(report.Plan.Warnings) != 1 {
		t.Errorf("from base %s, after %s: %q", report.Plan.Base.Start, plan.Base.Start, report.Plan.Warnings)
	}
	got, err := treetest.Dump(load(t, cfg))
	if diff := cmp.Diff(w.dumps[w.last()], got); err != nil || diff != "" {
		t.Errorf("%v, -was +restored:\n%s", err, diff)
	}
}

func TestAGoodSegmentUnderTheNameOfAnotherOneIsDamaged(t *testing.T) {
	w := newWorld(t, 43, 200)
	keys := w.keys(t, "log/")
	var other []byte
	w.replace(t, keys[len(keys)-2], func(o []byte) []byte { other = bytes.Clone(o); return o })
	w.replace(t, keys[len(keys)-1], func([]byte) []byte { return other })
	var damaged *DamagedError
	if _, err := Run(context.Background(), w.config(t)); !errors.As(err, &damaged) || damaged.Key != keys[len(keys)-1] {
		t.Errorf("got %v", err)
	}
}

func TestABaseThatIsWhatItsNameSaysAndNoSnapshotProvesNothing(t *testing.T) {
	w := newWorld(t, 43, 200)
	cfg := w.config(t)
	plan, err := Plan(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	b := plan.Base
	w.replace(t, archive.TimelinePrefix(1)+b.Key(), nil)
	w.object(t, func(hash string) string { b.Hash = hash; return b.Key() }, zookeeper.SnapshotName(b.Start, zookeeper.Plain),
		bytes.Repeat([]byte("no snapshot"), 3*blockSize))
	var damaged *DamagedError
	if _, err := Run(context.Background(), cfg); !errors.Is(err, ErrNotProven) || errors.As(err, &damaged) {
		t.Errorf("got %v, want ErrNotProven", err)
	}
	if files := contents(t, cfg.DataDir); len(files) != 0 {
		t.Errorf("%d files stay", len(files))
	}
}
