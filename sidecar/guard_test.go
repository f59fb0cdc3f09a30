package sidecar

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/store"
	"github.com/zkark/zkark/internal/store/mem"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/sidecar/tail/tailtest"
)

func TestAPartThatBreaksDownIsStartedAgainLaterAndLaterAndTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var said bytes.Buffer
		p := newParts(slog.New(slog.NewTextHandler(&said, nil)))
		ctx, cancel := context.WithCancel(t.Context())
		begun, runs := time.Now(), []time.Duration(nil)
		p.guard(ctx, "turns", func(context.Context) {
			runs = append(runs, time.Since(begun))
			switch len(runs) {
			case 3:
				return // an end of its own is no better
			case 5:
				cancel()
			default:
				panic("oh")
			}
		})
		want := []time.Duration{0, time.Second, 3 * time.Second, 7 * time.Second, 15 * time.Second}
		if len(runs) != len(want) || runs[4] != want[4] || p.restarts()["turns"] != 4 {
			t.Errorf("started at %s, want %s; %v", runs, want, p.restarts())
		}
		for _, sentence := range []string{"part=turns", "panic: oh", "guard_test.go", "came to an end on its own", "times=4"} {
			if !strings.Contains(said.String(), sentence) {
				t.Errorf("the log does not tell %q:\n%s", sentence, said.String())
			}
		}
	})
}

func TestAPartThatBreaksDownAgainAndAgainIsAliveAndCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newParts(slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		go p.guard(ctx, "turns", func(context.Context) { panic("oh") })
		for range 60 {
			time.Sleep(time.Minute)
			if err := p.alive(); err != nil {
				t.Fatalf("dead although it is started again: %v", err)
			}
		}
		if n := p.restarts()["turns"]; n < 60 || n > 70 {
			t.Errorf("%d restarts in an hour, want one a minute", n)
		}
		cancel()
		synctest.Wait()
	})
}

func TestAPartThatIsSilentForTooLongIsDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newParts(slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		wake := make(chan time.Duration)
		part := func(ctx context.Context) {
			beat(ctx, p, time.Minute)
			for ctx.Err() == nil {
				select {
				case <-ctx.Done():
				case within := <-wake:
					beat(ctx, p, within)
				}
			}
		}
		go p.guard(ctx, "turns", part)
		go p.guard(ctx, "other", func(ctx context.Context) { beat(ctx, p, anyTime); <-ctx.Done() })
		time.Sleep(time.Minute)
		if err := p.alive(); err != nil {
			t.Errorf("dead too early: %v", err)
		}
		time.Sleep(time.Second)
		if err := p.alive(); err == nil || !strings.Contains(err.Error(), "turns") {
			t.Errorf("error %v, want the part that is silent", err)
		}
		wake <- 0
		synctest.Wait()
		if err := p.alive(); err != nil {
			t.Errorf("dead although it beats: %v", err)
		}
		cancel()
		synctest.Wait()
		time.Sleep(time.Hour)
		if err := p.alive(); err != nil {
			t.Errorf("dead although it has ended, as it was told: %v", err)
		}
	})
}

// A large object on a slow line is no hung part; one of which nothing moves is.
func TestWorkOnTheStoreIsAliveForAsLongAsBytesMove(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newParts(slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		slow := make(chan struct{})
		bucket := lively{slowBucket{mem.New(), slow}, func(ctx context.Context) { beat(ctx, p, 0) }}
		go p.guard(ctx, "bases", func(ctx context.Context) {
			beat(ctx, p, time.Minute)
			_ = bucket.Put(ctx, "big", store.BytesBody(make([]byte, 100)))
			<-ctx.Done()
		})
		for range 50 {
			time.Sleep(50 * time.Second)
			if err := p.alive(); err != nil {
				t.Fatalf("dead although bytes move: %v", err)
			}
			slow <- struct{}{}
			synctest.Wait()
		}
		time.Sleep(2 * time.Minute)
		if err := p.alive(); err == nil || !strings.Contains(err.Error(), "bases") {
			t.Errorf("error %v, want the part that hangs", err)
		}
		cancel()
		close(slow)
		synctest.Wait()
	})
}

// slowBucket takes one byte for each signal.
type slowBucket struct {
	store.Bucket
	slow <-chan struct{}
}

func (b slowBucket) Put(_ context.Context, _ string, body store.Body) error {
	r, err := body.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	for range b.slow {
		if _, err := r.Read(make([]byte, 1)); err != nil {
			return err
		}
	}
	return nil
}

func TestATurnThatPanicsIsTakenAgainAndShips(t *testing.T) {
	d, a := tailtest.New(t), newArk(t)
	var panics atomic.Int32
	before := a.bucket.Before
	a.bucket.Before = func(op, key string) error {
		if op == "list" && !strings.HasPrefix(key, archive.DrillPrefix) && panics.Add(1) == 1 {
			panic("a bug")
		}
		return before(op, key)
	}
	c := start(t, d, a)
	d.Log(1, 5)
	c.turn() // panics
	c.turn()
	a.want(span(1, 5)...)
	if st := c.Status(); st.Panics["turns"] != 1 || c.Alive() != nil {
		t.Errorf("%v, %v; want one restart of the turns, and a live sidecar", st.Panics, c.Alive())
	}
	c.mustEnd()
}

func TestALastTurnThatPanicsIsNoSuccess(t *testing.T) {
	d, a := tailtest.New(t), newArk(t)
	d.Log(1, 5)
	a.bucket.Before = func(op, key string) error { panic("a bug") }
	if err := start(t, d, a).end(); err == nil || !strings.Contains(err.Error(), "a bug") || !strings.Contains(err.Error(), ErrUnshipped.Error()) {
		t.Errorf("error %v, want ErrUnshipped and the panic", err)
	}
}

func TestASidecarIsReadyOnceItHasLookedWhateverTheStoreDoes(t *testing.T) {
	d, a := tailtest.New(t), newArk(t)
	a.down.Store(true)
	d.Log(1, 3)
	c := start(t, d, a)
	eventually(t, "it is ready", func() bool { return c.Ready() == nil })
	if c.Status().Archived != 0 || c.Alive() != nil {
		t.Errorf("%+v, %v", c.Status(), c.Alive())
	}
	a.down.Store(false)
}

func TestStatusTellsWhatIsLateAndWhatIsArchived(t *testing.T) {
	d, a := tailtest.New(t), newArk(t)
	l := d.Log(1, 5)
	c := start(t, d, a)
	c.turn()
	if st := c.Status(); !st.Listed || st.Lag != 0 || st.Stalled != 0 || st.Turns[TurnShipped] != 1 || st.Shipped.Segments != 1 || st.Shipped.SegmentBytes <= 0 {
		t.Errorf("%+v", st)
	}
	a.down.Store(true)
	l.Append(6, 9)
	d.Log(10, 12)
	eventually(t, "the records are seen", func() bool { return c.Status().Logged == 12 })
	c.turn()
	d.Remove(zookeeper.LogName(1))
	d.Log(13, 14)
	eventually(t, "the records are seen", func() bool { return c.Status().Logged == 14 })
	st := c.Status()
	made := tailtest.Txn(6, 0).Time
	if age := time.Since(time.UnixMilli(made)); st.Lag <= 0 || (age-st.Lag).Abs() > time.Minute {
		t.Errorf("lag %s, want the age of the record 0x6, %s", st.Lag, age)
	}
	if st.HeldFiles != 1 || st.Turns[TurnFailed] == 0 || st.PendingRecords != 9 || st.Archive.Newest != 5 {
		t.Errorf("%+v", st)
	}
	a.down.Store(false)
	c.turn()
	if st := c.Status(); st.HeldFiles != 0 || st.Lag != 0 || st.Archive.Newest != 14 || !st.Archive.Restorable {
		t.Errorf("%+v", st)
	}
	c.mustEnd()
}
