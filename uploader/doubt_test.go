package uploader_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/store"
	"github.com/zkark/zkark/internal/store/storetest"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
	"github.com/zkark/zkark/uploader"
)

func TestAnArchiveWithAnotherHistoryIsLeftAlone(t *testing.T) {
	w := newWorld()
	w.linked(1, 25, 0)
	ship(t, w.uploader())
	w.runs, w.session = nil, 99
	w.linked(1, 20, 0)
	w.linked(21, 30, 20)
	w.snapshot(20, 20, w.now, nil)
	before := len(w.puts)
	u := w.uploader()
	err := u.ShipLog(t.Context(), func(archive.Segment) {})
	shipBase(t, u)
	if !errors.Is(err, uploader.ErrOtherHistory) || len(w.puts) > before {
		t.Errorf("error %v and %d new objects, want ErrOtherHistory and none", err, len(w.puts)-before)
	}
}

// another is a cluster of its own that archives to the same place.
func (w *world) another() *world {
	other := newWorld()
	other.bucket, other.now, other.session = w.bucket, w.now, 99
	return other
}

func wantOther(t *testing.T, u *uploader.Uploader) {
	t.Helper()
	if err := u.ShipLog(t.Context(), func(archive.Segment) {}); !errors.Is(err, uploader.ErrOtherHistory) {
		t.Errorf("error %v, want ErrOtherHistory", err)
	}
}

func TestANewClusterIsRefusedInTheArchiveOfAnOldOneThoughNoZxidIsInBoth(t *testing.T) {
	z := zookeeper.MakeZxid
	old := newWorld()
	old.linked(z(5, 1), z(5, 9), z(4, 7))
	ship(t, old.uploader())
	young := old.another()
	young.delay = z5Time + 2*int64(time.Hour/time.Millisecond)
	young.linked(z(1, 1), z(1, 9), 0)
	before := len(old.puts)
	wantOther(t, young.uploader())
	higher := old.another()
	higher.delay = -z9Time
	higher.linked(z(9, 1), z(9, 9), z(8, 7))
	wantOther(t, higher.uploader())
	if len(old.puts) > before {
		t.Errorf("%q was put", old.puts[before:])
	}
	// What one cluster logs next, after a time in which all was purged, is no other history.
	later := newWorld()
	later.bucket = old.bucket
	later.run(z(6, 5), z(6, 9))
	ship(t, later.uploader())
	// Nor is what it logged before.
	earlier := newWorld()
	earlier.bucket = old.bucket
	earlier.run(z(3, 5), z(3, 9))
	ship(t, earlier.uploader())
}

// Times of this file's records are their zxids, in milliseconds.
const (
	z5Time = 5 << 32
	z9Time = 9 << 32
)

func TestAClusterThatMeetsAnotherOnlyLaterIsRefusedThen(t *testing.T) {
	w := newWorld()
	w.linked(1, 25, 0)
	u := w.uploader()
	ship(t, u)
	other := w.another() // began when the archive was not there yet, and its listing of then is empty
	other.delay = 7
	other.linked(26, 30, 25)
	for _, run := range other.runs {
		records, err := run.Open(t.Context(), run.First)
		if err != nil {
			t.Fatal(err)
		}
		putSegment(t, w.bucket, records, archive.Segment{First: run.First, Last: run.Last, Prev: 25, Linked: true})
	}
	w.runs = nil
	w.linked(1, 31, 0)
	wantOther(t, u)
	wantOther(t, u) // also the next time
	shipBase(t, u)
	for _, key := range storetest.Keys(t, w.bucket, archive.TimelinePrefix(1)+archive.LogPrefix, "") {
		if strings.Contains(key, "000000000000001f") {
			t.Errorf("%s was put", key)
		}
	}
	// Once what is foreign is gone the sidecar goes on by itself.
	for _, key := range storetest.Keys(t, w.bucket, archive.TimelinePrefix(1)+archive.LogPrefix+"000000000000001a", "") {
		if err := w.bucket.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	w.now = w.now.Add(2 * time.Minute)
	ship(t, u)
	if missing := archive.Missing(w.catalog(t), 1, 31); len(missing) > 0 {
		t.Errorf("missing %v", missing)
	}
}

// putSegment archives records as a segment whose name tells their times.
func putSegment(t *testing.T, b store.Bucket, from uploader.Records, s archive.Segment) {
	t.Helper()
	var object bytes.Buffer
	e, err := archive.NewEncoder(&object, archive.Meta{Format: archive.Format, Cluster: "x", File: zookeeper.LogName(s.First)})
	if err != nil {
		t.Fatal(err)
	}
	log, err := txnlog.NewWriter(e)
	rec, next := from.Next()
	for s.FirstTime = time.UnixMilli(rec.Time); err == nil && next == nil; rec, next = from.Next() {
		s.LastTime = time.UnixMilli(rec.Time)
		err = log.Append(rec.Payload)
	}
	s.Hash = "0123456789abcdef"
	if err = errors.Join(err, e.Close()); err == nil {
		err = b.Put(t.Context(), archive.TimelinePrefix(1)+s.Key(), store.BytesBody(object.Bytes()))
	}
	if err != nil {
		t.Fatal(err)
	}
}
