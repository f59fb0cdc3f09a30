package uploader_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/store"
	"github.com/zkark/zkark/internal/store/mem"
	"github.com/zkark/zkark/internal/store/storetest"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
	"github.com/zkark/zkark/uploader"
)

// server is a Local made of numbers. Each record takes 100 bytes.
type server struct {
	session   int64
	delay     int64 // of every record from the next on, in milliseconds
	from      zookeeper.Zxid
	runs      []uploader.Run
	snapshots []uploader.Snapshot
}

func (s *server) Runs() []uploader.Run           { return s.runs }
func (s *server) Snapshots() []uploader.Snapshot { return s.snapshots }

// Forget does nothing: what the tests take away is gone.
func (s *server) Forget() error { return nil }

const recordSize = 100

func (s *server) run(first, last zookeeper.Zxid) *uploader.Run {
	s.runs = append(s.runs, uploader.Run{
		First: first, Last: last,
		Bytes: func(from zookeeper.Zxid) int64 { return int64(last-from+1) * recordSize },
		Open: func(_ context.Context, from zookeeper.Zxid) (uploader.Records, error) {
			return &records{next: from, last: last, session: s.session, delay: s.delay, from: s.from}, nil
		},
	})
	return &s.runs[len(s.runs)-1]
}

func (s *server) linked(first, last, prev zookeeper.Zxid) {
	r := s.run(first, last)
	r.Prev, r.Linked = prev, true
}

func (s *server) snapshot(start, end zookeeper.Zxid, at time.Time, err error) {
	s.snapshots = append([]uploader.Snapshot{{
		Name: zookeeper.SnapshotName(start, zookeeper.Plain), Start: start, Time: at,
		CopyTo: func(_ context.Context, w io.Writer) (zookeeper.Zxid, error) {
			fmt.Fprintf(w, "snapshot %s", start)
			return end, err
		},
	}}, s.snapshots...)
}

type records struct {
	next, last, from zookeeper.Zxid
	session, delay   int64
}

func (r *records) Next() (txnlog.Record, error) {
	if r.next > r.last {
		return txnlog.Record{}, io.EOF
	}
	z := r.next
	r.next++
	delay := r.delay
	if z < r.from {
		delay = 0
	}
	txn := txnlog.Txn{Header: txnlog.Header{Session: r.session, Zxid: z, Time: int64(z) + delay, Type: txnlog.TypeSetData}, Body: txnlog.Unknown{Raw: make([]byte, recordSize-45)}}
	return txnlog.Record{Header: txn.Header, Payload: txnlog.Encode(txn)}, nil
}

func (r *records) Close() error { return nil }

type world struct {
	*server
	bucket *storetest.Faulty
	now    time.Time
	puts   []string // keys below the timeline that were created
	limit  int64
	to     []age.Recipient
}

func newWorld() *world {
	w := &world{server: &server{}, bucket: &storetest.Faulty{Bucket: mem.New()}, now: time.UnixMilli(1_700_000_000_000), limit: 10 * recordSize}
	w.bucket.After = func(op, key string) error {
		if rest, ok := strings.CutPrefix(key, archive.TimelinePrefix(1)); ok && op == "put" && rest != archive.TimelineKey {
			w.puts = append(w.puts, rest)
		}
		return nil
	}
	return w
}

func (w *world) uploader() *uploader.Uploader {
	return uploader.New(uploader.Config{
		Bucket: w.bucket, Local: w.server, Source: 1, SegmentBytes: w.limit, BaseBytes: 50 * recordSize,
		BaseInterval: time.Hour, RelistEvery: time.Minute, Now: func() time.Time { return w.now }, Rand: rand.Read, Recipients: w.to,
	})
}

type tb interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

func ship(t tb, u *uploader.Uploader) {
	t.Helper()
	if err := u.ShipLog(context.Background(), func(archive.Segment) {}); err != nil {
		t.Fatalf("ship log: %v", err)
	}
}

func shipBase(t tb, u *uploader.Uploader) (skipped []error) {
	t.Helper()
	if err := u.ShipBase(context.Background(), func(archive.Base) {}, func(err error) { skipped = append(skipped, err) }); err != nil {
		t.Fatalf("ship base: %v", err)
	}
	return skipped
}

func (w *world) catalog(t tb) archive.Catalog {
	t.Helper()
	var objects []archive.Object
	prefix := archive.TimelinePrefix(1)
	for a, err := range w.bucket.List(context.Background(), prefix, "") {
		if err != nil {
			t.Fatal(err)
		}
		objects = append(objects, archive.Object{Key: a.Key[len(prefix):], Size: a.Size})
	}
	c := archive.ParseCatalog(objects)
	if len(c.Foreign) > 0 {
		t.Fatalf("foreign objects: %q", c.Foreign)
	}
	return c
}

// content reads the records of a segment back, and checks the name against them.
func (w *world) content(t tb, s archive.Segment) []zookeeper.Zxid {
	t.Helper()
	body, err := w.bucket.Get(context.Background(), archive.TimelinePrefix(1)+s.Key(), 0)
	if err != nil {
		t.Fatal(err)
	}
	d, err := archive.NewDecoder(body)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	file, err := io.ReadAll(d)
	if err != nil {
		t.Fatal(err)
	}
	var all []zookeeper.Zxid
	r := txnlog.NewReader(bytes.NewReader(file), s.Key())
	for {
		rec, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, rec.Zxid)
	}
	if len(all) == 0 || all[0] != s.First || all[len(all)-1] != s.Last || d.Meta().File != zookeeper.LogName(s.First) {
		t.Fatalf("%s holds %v as %s", s.Key(), all, d.Meta().File)
	}
	return all
}

func TestWhatIsShippedIsExactlyWhatWasMissing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		epochs := rapid.IntRange(1, 4).Draw(t, "epochs")
		var prev zookeeper.Zxid
		for e := range epochs {
			next := zookeeper.MakeZxid(uint32(e), 1)
			for range rapid.IntRange(1, 3).Draw(t, "runs") {
				last := next + zookeeper.Zxid(rapid.IntRange(0, 40).Draw(t, "length"))
				w.linked(next, last, prev)
				prev, next = last, last+1
			}
		}
		// Others have shipped some of it before.
		other := newWorld()
		other.bucket = w.bucket
		for _, r := range w.runs {
			if from := r.First + zookeeper.Zxid(rapid.IntRange(0, 50).Draw(t, "from")); from <= r.Last {
				other.linked(from, min(r.Last, from+zookeeper.Zxid(rapid.IntRange(0, 20).Draw(t, "n"))), from-1)
			}
		}
		ship(t, other.uploader())
		u := w.uploader()
		for !cmp.Equal(u.Backlog().Archived, u.Backlog().Logged) {
			ship(t, u)
		}
		c := w.catalog(t)
		for _, r := range w.runs {
			if missing := archive.Missing(c, r.First, r.Last); len(missing) > 0 {
				t.Fatalf("still missing: %v", missing)
			}
		}
		seen := map[zookeeper.Zxid]int{}
		for _, s := range c.Segments {
			for _, z := range w.content(t, s) {
				seen[z]++
			}
			if int64(s.Last-s.First+1)*recordSize > w.limit {
				t.Fatalf("segment %s–%s is too large", s.First, s.Last)
			}
		}
		for z, n := range seen {
			if n > 1 && z.Counter() != 1 { // the first of an epoch may be sent again with a proof of what precedes it
				t.Fatalf("%s was shipped %d times", z, n)
			}
		}
	})
}

func TestNothingToAddSendsNothing(t *testing.T) {
	w := newWorld()
	w.linked(1, 25, 0)
	u := w.uploader()
	ship(t, u)
	w.bucket.Before = func(op, key string) error { return fmt.Errorf("unwanted %s %s", op, key) }
	ship(t, u)
	if n := len(w.puts); n != 3 {
		t.Errorf("%d segments, want 3 of at most 10 records: %q", n, w.puts)
	}
}

func TestAnObjectThatSomebodyDeletedIsShippedAgain(t *testing.T) {
	w := newWorld()
	w.linked(1, 25, 0)
	u := w.uploader()
	ship(t, u)
	if err := w.bucket.Delete(t.Context(), archive.TimelinePrefix(1)+w.puts[1]); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(2 * time.Minute)
	ship(t, u)
	if w.puts[1] != w.puts[3] {
		t.Errorf("shipped %q, want the second again", w.puts)
	}
}

func TestALostAnswerForksNothing(t *testing.T) {
	w := newWorld()
	w.linked(1, 25, 0)
	lost := 0
	w.bucket.After = func(op, key string) error {
		if lost++; lost <= 4 && op == "put" {
			return store.ErrUnavailable
		}
		return nil
	}
	u := w.uploader()
	for range 10 {
		if err := u.ShipLog(t.Context(), func(archive.Segment) {}); err != nil && !errors.Is(err, store.ErrUnavailable) {
			t.Fatal(err)
		}
		r := &w.runs[0]
		last := r.Last + 1 // the log grows meanwhile
		w.runs = nil
		w.linked(1, last, 0)
	}
	ship(t, u)
	next := zookeeper.Zxid(1)
	for _, s := range w.catalog(t).Segments {
		if s.First != next {
			t.Errorf("segment %s–%s, want one from %s", s.First, s.Last, next)
		}
		next = s.Last + 1
	}
}

func TestAJumpIsNamedUnknownAndAProofOfItsPredecessorIsAdded(t *testing.T) {
	first := zookeeper.MakeZxid(2, 1)
	w := newWorld()
	w.run(first, first+4)
	ship(t, w.uploader())
	if s := w.catalog(t).Segments; len(s) != 1 || s[0].Linked {
		t.Fatalf("segments %+v, want one without a predecessor", s)
	}
	w.runs = nil
	w.linked(first, first+4, 9)
	ship(t, w.uploader())
	ship(t, w.uploader())
	s := w.catalog(t).Segments
	if len(s) != 2 || !s[0].Linked || s[0].Prev != 9 || s[0].Last != first {
		t.Errorf("segments %+v, want one more that links %s to 0x9", s, first)
	}
}

func TestSidecarsThatStartTogetherCreateOneArchive(t *testing.T) {
	w := newWorld()
	w.linked(1, 5, 0)
	a, b := w.uploader(), w.uploader()
	ship(t, a)
	w.linked(6, 7, 5)
	ship(t, b)
	keys := storetest.Keys(t, w.bucket, "", "")
	if len(keys) != 4 || keys[len(keys)-1] != archive.IdentityKey {
		t.Errorf("keys %q, want two segments, the timeline and the identity", keys)
	}
}

func TestAnArchiveOfANewerFormatIsLeftAlone(t *testing.T) {
	w := newWorld()
	w.linked(1, 5, 0)
	if err := w.bucket.Put(t.Context(), archive.IdentityKey, store.BytesBody([]byte(`{"format":99,"cluster":"x"}`))); err != nil {
		t.Fatal(err)
	}
	if err := w.uploader().ShipLog(t.Context(), func(archive.Segment) {}); err == nil || len(w.puts) > 0 {
		t.Errorf("error %v, shipped %q; want a refusal", err, w.puts)
	}
}

func starts(c archive.Catalog) (all []zookeeper.Zxid) {
	for _, b := range c.Bases {
		all = append(all, b.Start)
	}
	return all
}

func TestABaseIsShippedWhenItIsDue(t *testing.T) {
	w := newWorld()
	u := w.uploader()
	wantBases := func(when string, want ...zookeeper.Zxid) {
		t.Helper()
		ship(t, u)
		shipBase(t, u)
		if diff := cmp.Diff(want, starts(w.catalog(t))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", when, diff)
		}
	}
	wantBases("without a snapshot")
	w.snapshot(0, 0, w.now, nil)
	wantBases("with the first", 0)
	w.linked(1, 30, 0)
	w.snapshot(20, 25, w.now, nil)
	wantBases("with little log since", 0)
	w.linked(31, 60, 30)
	wantBases("with much log since", 0, 20)
	w.snapshot(50, 50, w.now, nil)
	wantBases("soon after", 0, 20)
	w.now = w.now.Add(61 * time.Minute)
	wantBases("long after", 0, 20, 50)
	w.now = w.now.Add(61 * time.Minute)
	wantBases("with nothing newer", 0, 20, 50)
	w.run(zookeeper.MakeZxid(2, 8), zookeeper.MakeZxid(2, 9))
	w.snapshot(zookeeper.MakeZxid(2, 7), zookeeper.MakeZxid(2, 7), w.now, nil)
	wantBases("after a jump", 0, 20, 50, zookeeper.MakeZxid(2, 7))
}
