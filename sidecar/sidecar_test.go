package sidecar

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/store"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/snapshot"
	"github.com/zkark/zkark/sidecar/tail/tailtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// companion is a sidecar whose turns the test gives.
type companion struct {
	*Sidecar
	t     *testing.T
	ticks chan time.Time
	end   func() error
}

func start(t *testing.T, d *tailtest.Dir, a *ark) *companion {
	t.Helper()
	return startConfigured(t, Config{DataDir: d.Path, Bucket: a.bucket, Drain: 2 * time.Second, Log: slog.New(slog.DiscardHandler)})
}

func startConfigured(t *testing.T, cfg Config) *companion {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ticks := make(chan time.Time)
	rescans := time.NewTicker(50 * time.Millisecond) // a system that is busy may lose a notification
	t.Cleanup(rescans.Stop)
	s := New(cfg)
	s.turns, s.rescans, s.pause, s.probePause = ticks, rescans.C, 0, 0
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	end := sync.OnceValue(func() error {
		cancel()
		return <-done
	})
	t.Cleanup(func() { end() })
	return &companion{Sidecar: s, t: t, ticks: ticks, end: end}
}

// turn gives a turn and waits for its end, which is when the next could begin.
func (c *companion) turn() {
	c.t.Helper()
	for range 2 {
		select {
		case c.ticks <- time.Time{}:
		case <-time.After(10 * time.Second):
			c.t.Fatal("the sidecar takes no turn")
		}
	}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for !ok() {
		select {
		case <-deadline:
			t.Fatalf("never happened: %s", what)
		case <-time.After(time.Millisecond):
		}
	}
}

func (c *companion) mustEnd() {
	c.t.Helper()
	if err := c.end(); err != nil {
		c.t.Errorf("the sidecar ended with: %v", err)
	}
}

func TestRecordsAreArchivedTurnByTurn(t *testing.T) {
	d, a := tailtest.New(t), newArk(t)
	d.Snapshot(0, zookeeper.Plain, snapshot.Trailer{})
	c := start(t, d, a)
	l := d.Log(1, 5)
	c.turn()
	a.want(span(1, 5)...)
	l.Append(6, 9)
	c.turn()
	a.want(span(1, 9)...)
	eventually(t, "a base is archived", func() bool { return len(a.catalog().Bases) == 1 })
	if s := c.Status(); s.Logged != 9 || s.Archived != 9 || s.PendingRecords != 0 || s.LastError != nil {
		t.Errorf("status %+v, want everything archived up to 0x9", s)
	}
	c.mustEnd()
	plan, err := archive.MakePlan(a.catalog(), archive.Latest())
	if err != nil || plan.Base.Start != 0 || plan.Target != 9 {
		t.Errorf("plan %+v, %v; want one from snapshot 0x0 to 0x9", plan, err)
	}
}

func TestTheLastTurnShipsWhatIsLeft(t *testing.T) {
	d, a := tailtest.New(t), newArk(t)
	c := start(t, d, a)
	d.Log(1, 5)
	c.mustEnd()
	a.want(span(1, 5)...)
}

func TestAHalfWrittenRecordIsShippedOnlyWhenItIsWhole(t *testing.T) {
	d, a := tailtest.New(t), newArk(t)
	c := start(t, d, a)
	l := d.Log(1, 2)
	rec := tailtest.Record(t, 3, 0)
	l.Raw(rec[:20])
	c.turn()
	a.want(1, 2)
	l.Raw(rec[20:])
	c.turn()
	a.want(1, 2, 3)
	c.mustEnd()
}

func TestARestartShipsNothingTwiceAndSkipsNothing(t *testing.T) {
	d, a := tailtest.New(t), newArk(t)
	l := d.Log(1, 5)
	for last := zookeeper.Zxid(6); last < 12; last++ {
		c := start(t, d, a)
		c.turn()
		c.mustEnd()
		l.Append(last, last)
	}
	c := start(t, d, a)
	c.mustEnd()
	a.want(span(1, 11)...)
	if len(a.puts) != 7 {
		t.Errorf("%d segments were put, want one for each restart: %q", len(a.puts), a.puts)
	}
}

func TestASidecarThatIsKilledBetweenAPutAndTheNextTurnLeavesNoHole(t *testing.T) {
	d, a := tailtest.New(t), newArk(t)
	l := d.Log(1, 5)
	killed := start(t, d, a)
	killed.turn()
	a.down.Store(true) // nothing that it does from here on has an effect
	l.Append(6, 8)
	if err := killed.end(); !errors.Is(err, ErrUnshipped) {
		t.Errorf("error %v, want ErrUnshipped", err)
	}
	a.down.Store(false)
	c := start(t, d, a)
	c.turn()
	a.want(span(1, 8)...)
	c.mustEnd()
}

func TestALostAnswerIsHarmless(t *testing.T) {
	d, a := tailtest.New(t), newArk(t)
	l := d.Log(1, 5)
	var lost atomic.Int32
	remember := a.bucket.After
	a.bucket.After = func(op, key string) error {
		remember(op, key)
		if strings.HasSuffix(key, ".log.zst") && lost.Add(1) == 1 {
			return store.ErrUnavailable
		}
		return nil
	}
	c := start(t, d, a)
	c.turn()
	l.Append(6, 8)
	c.turn()
	a.want(span(1, 8)...)
	c.mustEnd()
}

// A listing that works beside an upload that does not is what missing rights, a full bucket and many outages look like.
func TestWhatCouldNotBeUploadedIsNeverTakenForArchived(t *testing.T) {
	d, a := tailtest.New(t), newArk(t)
	var full atomic.Bool
	before := a.bucket.Before
	a.bucket.Before = func(op, key string) error {
		if op == "put" && strings.Contains(key, "/log/") && full.Load() {
			return store.ErrDenied
		}
		return before(op, key)
	}
	c := start(t, d, a)
	l := d.Log(1, 5)
	c.turn()
	a.want(span(1, 5)...)
	full.Store(true)
	l.Append(6, 9)
	c.turn()
	eventually(t, "the upload that failed is told, and its records are pending", func() bool {
		st := c.Status()
		return st.Archived == 5 && st.PendingRecords == 4 && errors.Is(st.LastError, store.ErrDenied)
	})
	full.Store(false)
	c.turn()
	a.want(span(1, 9)...)
	full.Store(true)
	l.Append(10, 11)
	if err := c.end(); !errors.Is(err, ErrUnshipped) || !errors.Is(err, store.ErrDenied) {
		t.Errorf("the sidecar ended with: %v", err)
	}
	a.want(span(1, 9)...)
}

func TestAStoreThatIsDownStopsNothingAndLosesNothing(t *testing.T) {
	d, a := tailtest.New(t), newArk(t)
	a.down.Store(true)
	c := start(t, d, a)
	d.Log(1, 5)
	c.turn()
	for first := zookeeper.Zxid(6); first < 30; first += 5 {
		d.Log(first, first+4)
		eventually(t, "the new log is seen", func() bool { return c.Status().Logged == first+4 })
		d.Remove(zookeeper.LogName(first - 5)) // ZooKeeper purges what is not archived
	}
	c.turn()
	if s := c.Status(); s.PendingRecords != 30 || !errors.Is(s.LastError, store.ErrUnavailable) {
		t.Errorf("status %+v, want 30 records pending and the store's error", s)
	}
	a.down.Store(false)
	c.turn()
	a.want(span(1, 30)...)
	if s := c.Status(); s.PendingRecords != 0 || s.LastError != nil {
		t.Errorf("status %+v, want nothing pending and no error", s)
	}
	c.mustEnd()
}

func TestEndingWithUnshippedRecordsIsAnError(t *testing.T) {
	d, a := tailtest.New(t), newArk(t)
	a.down.Store(true)
	d.Log(1, 5)
	err := start(t, d, a).end()
	if !errors.Is(err, ErrUnshipped) || !errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), "0x5") {
		t.Errorf("error %v, want what is not shipped, and why", err)
	}
}

func TestEndingWithUnreadableRecordsIsAnError(t *testing.T) {
	d, a := tailtest.New(t), newArk(t)
	l := d.Log(1, 9)
	l.Flip(4)
	err := start(t, d, a).end()
	if !errors.Is(err, ErrUnshipped) || !strings.Contains(err.Error(), "log.1") {
		t.Errorf("error %v, want ErrUnshipped and the file", err)
	}
	a.want(append(span(1, 3), span(5, 9)...)...)
}

func TestATruncatedTailStaysBesideItsReplacement(t *testing.T) {
	z := zookeeper.MakeZxid
	d, a := tailtest.New(t), newArk(t)
	exact := z(1, 0)
	d.Snapshot(exact, zookeeper.Plain, snapshot.Trailer{LastZxid: &exact})
	c := start(t, d, a)
	l := d.Log(z(1, 1), z(1, 9))
	c.turn()
	eventually(t, "a base is archived", func() bool { return len(a.catalog().Bases) == 1 })
	l.Truncate(z(1, 6))
	d.Log(z(2, 1), z(2, 3))
	c.turn()
	a.want(append(span(z(1, 1), z(1, 9)), span(z(2, 1), z(2, 3))...)...)
	plan, err := archive.MakePlan(a.catalog(), archive.Latest())
	if err != nil {
		t.Fatal(err)
	}
	if last := plan.Pieces[0].UpTo; plan.Target != z(2, 3) || last != z(1, 6) {
		t.Errorf("plan goes over %s to %s, want over 0x100000006 to 0x200000003", last, plan.Target)
	}
	c.mustEnd()
}

func TestASnapshotBridgesAJump(t *testing.T) {
	z := zookeeper.MakeZxid
	d, a := tailtest.New(t), newArk(t)
	d.Snapshot(z(1, 0), zookeeper.Plain, snapshot.Trailer{})
	c := start(t, d, a)
	d.Log(z(1, 1), z(1, 9))
	c.turn()
	eventually(t, "a base is archived", func() bool { return len(a.catalog().Bases) == 1 })
	d.Snapshot(z(2, 15), zookeeper.Plain, snapshot.Trailer{})
	d.Log(z(2, 16), z(2, 17))
	c.turn()
	eventually(t, "the bridge is archived", func() bool { return len(a.catalog().Bases) == 2 })
	plan, err := archive.MakePlan(a.catalog(), archive.Latest())
	if err != nil || plan.Base.Start != z(2, 15) || plan.Target != z(2, 17) {
		t.Errorf("plan %+v, %v; want one from 0x20000000f to 0x200000011", plan, err)
	}
	c.mustEnd()
}

func TestFourMiBThatWaitDoNotWaitForTheTurn(t *testing.T) {
	d, a := tailtest.New(t), newArk(t)
	c := start(t, d, a)
	l := d.Log(1, 1)
	for z := zookeeper.Zxid(2); z <= 6; z++ {
		l.Raw(tailtest.Record(t, z, 1<<20))
	}
	eventually(t, "the records are archived", func() bool { return c.Status().Archived == 6 })
	for _, s := range a.catalog().Segments {
		if n := s.Last - s.First; n > 4 {
			t.Errorf("segment %s–%s is larger than 4 MiB", s.First, s.Last)
		}
	}
	c.mustEnd()
}

func TestAStoreThatIsDownIsNotAskedMoreOftenForABacklog(t *testing.T) {
	d, a := tailtest.New(t), newArk(t)
	a.down.Store(true)
	var asked atomic.Int32
	refuse := a.bucket.Before
	a.bucket.Before = func(op, key string) error {
		asked.Add(1)
		return refuse(op, key)
	}
	c := start(t, d, a)
	c.turn() // fails
	before := asked.Load()
	l := d.Log(1, 1)
	for z := zookeeper.Zxid(2); z <= 8; z++ {
		l.Raw(tailtest.Record(t, z, 1<<20))
		eventually(t, "the record is seen", func() bool { return c.Status().Logged == z })
	}
	if n := asked.Load(); n > before+1 {
		t.Errorf("the store was asked %d times between two turns", n-before)
	}
}
