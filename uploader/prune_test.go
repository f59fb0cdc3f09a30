package uploader_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/store"
	"github.com/zkark/zkark/internal/store/mem"
	"github.com/zkark/zkark/internal/store/storetest"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/uploader"
)

const day = 24 * time.Hour

// dated is a bucket with a clock of the test's own.
type dated struct {
	store.Bucket
	clock func() time.Time

	mu     sync.Mutex
	stored map[string]time.Time
}

func (d *dated) Put(ctx context.Context, key string, body store.Body) error {
	err := d.Bucket.Put(ctx, key, body)
	if err == nil {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.stored[key] = d.clock()
	}
	return err
}

func (d *dated) dated(a store.Attrs) store.Attrs {
	d.mu.Lock()
	defer d.mu.Unlock()
	a.Modified = d.stored[a.Key]
	return a
}

func (d *dated) Stat(ctx context.Context, key string) (store.Attrs, error) {
	a, err := d.Bucket.Stat(ctx, key)
	return d.dated(a), err
}

func (d *dated) List(ctx context.Context, prefix, after string) iter.Seq2[store.Attrs, error] {
	return func(yield func(store.Attrs, error) bool) {
		for a, err := range d.Bucket.List(ctx, prefix, after) {
			if !yield(d.dated(a), err) {
				return
			}
		}
	}
}

// fortnight is a server that logged twenty records a day for fourteen days, with a snapshot each morning, and shipped them.
func fortnight(t *testing.T) *world {
	w := newWorld()
	w.bucket.Bucket = &dated{Bucket: mem.New(), clock: func() time.Time { return w.now }, stored: map[string]time.Time{}}
	u := w.uploader()
	for d := range zookeeper.Zxid(14) {
		w.snapshot(d*20, d*20, w.now, nil)
		w.linked(d*20+1, d*20+20, d*20)
		ship(t, u)
		shipBase(t, u)
		w.now = w.now.Add(day)
	}
	return w
}

func (w *world) pruner() uploader.Pruner {
	return uploader.Pruner{Bucket: w.bucket, Now: func() time.Time { return w.now },
		Retention: archive.Retention{Keep: 3 * day, KeepDaily: 7 * day, Grace: day}}
}

// wantRestorable restores every point of the window and each daily point, as far as one can without a server.
func (w *world) wantRestorable(t *testing.T, e archive.Expiry) {
	t.Helper()
	var points []zookeeper.Zxid
	for z := e.From.End; z <= 280; z++ {
		points = append(points, z)
	}
	for _, d := range e.Dailies {
		points = append(points, d.At)
	}
	c := w.catalog(t)
	for _, s := range c.Segments {
		w.content(t, s)
	}
	for _, z := range points {
		if p, err := archive.MakePlan(c, archive.AtZxid(z)); err != nil || p.Target != z {
			t.Fatalf("restore to %s: %s, %v", z, p.Target, err)
		}
	}
}

func TestAPruneThatDiesAnywhereLeavesEveryKeptPointRestorable(t *testing.T) {
	planned, err := fortnight(t).pruner().Plan(t.Context())
	if err != nil || len(planned.Remove) < 10 || len(planned.Dailies) != 4 || planned.From.Start != 220 {
		t.Fatalf("plan: %d to remove, %d daily, from %s: %v", len(planned.Remove), len(planned.Dailies), planned.From.Start, err)
	}
	for _, lost := range []bool{false, true} {
		w := fortnight(t)
		w.wantRestorable(t, planned)
		for try := 0; w.pruneDies(t, lost); try++ {
			w.wantRestorable(t, planned)
			if try > len(planned.Remove) {
				t.Fatal("it never ends")
			}
		}
		w.wantRestorable(t, planned)
		if c := w.catalog(t); len(c.Segments)+len(c.Bases) != planned.Kept {
			t.Errorf("%d objects stay, want %d", len(c.Segments)+len(c.Bases), planned.Kept)
		}
	}
}

// pruneDies prunes and dies after it removed one object: that is the third, after the clock's, which is removed twice. It tells
// whether it got that far.
func (w *world) pruneDies(t *testing.T, lost bool) bool {
	errDied := errors.New("died")
	var deleted atomic.Int32
	die := func(op, _ string) error {
		n := deleted.Load()
		if op == "delete" {
			n = deleted.Add(1)
		}
		if n > 3 || lost && n == 3 {
			return errDied
		}
		return nil
	}
	w.bucket.Before, w.bucket.After = nil, nil
	if lost {
		w.bucket.After = die
	} else {
		w.bucket.Before = die
	}
	_, err := w.pruner().Prune(t.Context())
	w.bucket.Before, w.bucket.After = nil, nil
	if err != nil && !errors.Is(err, errDied) {
		t.Fatal(err)
	}
	return err != nil
}

func TestWhatWasPrunedIsNotShippedAgain(t *testing.T) {
	w := fortnight(t)
	e, err := w.pruner().Prune(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w.puts = nil
	for range 2 {
		u := w.uploader()
		ship(t, u)
		if b := u.Backlog(); b.Records > 0 || b.Archived != 280 || !u.Archived(1, 280) {
			t.Errorf("backlog %+v after a prune", b)
		}
	}
	if len(w.puts) > 0 {
		t.Errorf("shipped again: %q", w.puts)
	}
	if c := w.catalog(t); c.Floor() != e.From.Start || len(c.Segments)+len(c.Bases) != e.Kept {
		t.Errorf("floor %s, %d objects, want %s and %d", c.Floor(), len(c.Segments)+len(c.Bases), e.From.Start, e.Kept)
	}
	w.now = w.now.Add(2 * day)
	if _, err := w.pruner().Prune(t.Context()); err != nil || len(w.catalog(t).Marks) != 1 {
		t.Errorf("later: %v, marks %v; want one", err, w.catalog(t).Marks)
	}
}

func TestAPruneDeletesOnlyWhatZkarkWrote(t *testing.T) {
	w := fortnight(t)
	foreign := []string{"servers/1.json", archive.TimelinePrefix(1) + "log/notes.txt", archive.TimelinePrefix(1) + "pruned/README"}
	for _, key := range foreign {
		if err := w.bucket.Put(t.Context(), key, store.BytesBody(nil)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.pruner().Prune(t.Context()); err != nil {
		t.Fatal(err)
	}
	keys := strings.Join(storetest.Keys(t, w.bucket, "", ""), "\n")
	for _, key := range append(foreign, archive.IdentityKey, archive.TimelinePrefix(1)+archive.TimelineKey) {
		if !strings.Contains(keys, key) {
			t.Errorf("%s is gone", key)
		}
	}
}

func TestAPruneThatMayNotDeleteOrHasAWrongClockRemovesNothing(t *testing.T) {
	w := fortnight(t)
	before := storetest.Keys(t, w.bucket, "", "")
	refused := func(what string, want error, p uploader.Pruner) {
		t.Helper()
		_, err := p.Prune(t.Context())
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
		if diff := cmp.Diff(before, storetest.Keys(t, w.bucket, "", "")); diff != "" {
			t.Errorf("%s (-before +after):\n%s", what, diff)
		}
	}
	for _, off := range []time.Duration{-day, day, 1000 * day} {
		p := w.pruner()
		p.Now = func() time.Time { return w.now.Add(off) }
		refused(fmt.Sprint("a clock that is off by ", off), archive.ErrClock, p)
	}
	w.bucket.Before = func(op, key string) error {
		if op == "delete" {
			return fmt.Errorf("delete %s: %w", key, store.ErrDenied)
		}
		return nil
	}
	refused("without the right", uploader.ErrMayNotDelete, w.pruner())
	empty := uploader.Pruner{Bucket: mem.New(), Now: time.Now, Retention: archive.Retention{Keep: day}}
	if _, err := empty.Plan(t.Context()); !errors.Is(err, uploader.ErrNoArchive) {
		t.Errorf("no archive: %v", err)
	}
}
