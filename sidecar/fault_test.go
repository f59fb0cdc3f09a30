package sidecar

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/store"
	"github.com/zkark/zkark/internal/store/storetest"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/snapshot"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
	"github.com/zkark/zkark/sidecar/tail/tailtest"
)

// A client's limit is 1 MiB; the end of a session with many ephemerals is a record beyond any.
func TestARecordLargerThanASegmentIsArchivedWhole(t *testing.T) {
	d, a := tailtest.New(t), newArk(t)
	const size = 9 << 20
	l := d.Log(1, 2)
	l.Raw(tailtest.Record(t, 3, size))
	l.Append(4, 5)
	c := start(t, d, a)
	c.turn()
	c.mustEnd()
	var zxids []zookeeper.Zxid
	for _, rec := range a.records() {
		zxids = append(zxids, rec.Zxid)
		if rec.Zxid == 3 && !bytes.Equal(rec.Payload, txnlog.Encode(tailtest.Txn(3, size))) {
			t.Error("0x3 is not what the server wrote")
		}
	}
	if diff := cmp.Diff(span(1, 5), zxids); diff != "" {
		t.Error(diff)
	}
}

func TestARecordOfAnUnknownTypeIsArchivedAsItIs(t *testing.T) {
	d, a := tailtest.New(t), newArk(t)
	unknown := tailtest.Txn(3, 0)
	unknown.Type, unknown.Body = 99, txnlog.Unknown{Raw: []byte("from a release to come")}
	l := d.Log(1, 2)
	l.Raw(tailtest.Frame(t, txnlog.Encode(unknown)))
	l.Append(4, 5)
	c := start(t, d, a)
	c.turn()
	c.mustEnd()
	if all := a.records(); len(all) != 5 || !bytes.Equal(all[2].Payload, txnlog.Encode(unknown)) {
		t.Errorf("archived %v", all)
	}
}

// A server that was told to truncate its log, and died over it, has cut one file and not yet deleted the next (ZOOKEEPER-5094).
func TestAHoleInAServersLogsIsToldAndFilledByAnotherServer(t *testing.T) {
	z := zookeeper.MakeZxid
	d, a := tailtest.New(t), newArk(t)
	d.Snapshot(z(1, 0), zookeeper.Plain, snapshot.Trailer{})
	cut := d.Log(z(1, 1), z(1, 9))
	cut.Truncate(z(1, 4))
	d.Log(z(1, 10), z(1, 12))
	c := start(t, d, a)
	c.turn()
	eventually(t, "a base is archived", func() bool { return len(a.catalog().Bases) == 1 })
	c.wantLost(archive.Range{First: z(1, 5), Last: z(1, 9)})
	if plan, err := archive.MakePlan(a.catalog(), archive.Latest()); err == nil {
		t.Errorf("over the hole there is a plan to %s", plan.Target)
	}
	peer := tailtest.New(t)
	peer.Log(z(1, 1), z(1, 14))
	other := start(t, peer, a)
	other.turn()
	a.want(span(z(1, 1), z(1, 14))...)
	plan, err := archive.MakePlan(a.catalog(), archive.Latest())
	if err != nil || plan.Target != z(1, 14) || len(archive.NewSurvey(a.catalog()).Gaps) > 0 {
		t.Errorf("plan to %s, %v; want one to 0x10000000e without a gap", plan.Target, err)
	}
	c.Sidecar.uploader.Relist() // which happens by itself every now and then
	eventually(t, "nothing is lost any more", func() bool { c.turn(); return len(c.Status().Lost) == 0 })
	c.mustEnd()
	other.mustEnd()
}

// A sidecar whose machine slept through a failover wakes up in the middle of a request: nothing fences it, because nothing that it adds harms.
func TestASidecarThatWakesUpLateHarmsNothing(t *testing.T) {
	z := zookeeper.MakeZxid
	old, a := tailtest.New(t), newArk(t)
	old.Snapshot(0, zookeeper.Plain, snapshot.Trailer{})
	old.Log(z(1, 1), z(1, 9)) // 6 to 9 were never committed
	asleep, awake := make(chan struct{}), make(chan struct{})
	var once sync.Once
	slow := &storetest.Faulty{Bucket: a.bucket, Before: func(op, key string) error {
		if op == "put" && strings.Contains(key, archive.LogPrefix) {
			once.Do(func() { close(asleep); <-awake })
		}
		return nil
	}}
	stale := startConfigured(t, Config{DataDir: old.Path, Bucket: slow, Source: 1, Drain: 5 * time.Second, Log: slog.New(slog.DiscardHandler)})
	stale.ticks <- time.Time{}
	<-asleep

	d := tailtest.New(t)
	d.Snapshot(0, zookeeper.Plain, snapshot.Trailer{})
	d.Log(z(1, 1), z(1, 5))
	l := d.Log(z(2, 1), z(2, 3))
	c := start(t, d, a)
	c.turn()
	close(awake)
	stale.turn()
	l.Append(z(2, 4), z(2, 6))
	c.turn()
	stale.mustEnd()
	c.mustEnd()
	survey := archive.NewSurvey(a.catalog())
	plan, err := archive.MakePlan(a.catalog(), archive.Latest())
	if err != nil || plan.Target != z(2, 6) || len(survey.Gaps)+len(survey.Diverged) > 0 {
		t.Fatalf("plan to %s, %v; %+v", plan.Target, err, survey)
	}
	if diff := cmp.Diff([]archive.Range{{First: z(1, 6), Last: z(1, 9)}}, survey.Dead); diff != "" {
		t.Errorf("dead (-want +got):\n%s", diff)
	}
}

// There is no lock and no lease that a dead sidecar could hold.
func TestWhereverASidecarDiesAnotherGoesOnAtOnce(t *testing.T) {
	for dies := int32(1); ; dies++ {
		d, a := tailtest.New(t), newArk(t)
		d.Snapshot(0, zookeeper.Plain, snapshot.Trailer{})
		d.Log(1, 5)
		var asked atomic.Int32
		doomed := &storetest.Faulty{Bucket: a.bucket}
		doomed.Before = func(op, key string) error {
			if asked.Add(1) >= dies {
				return fmt.Errorf("%s %s: %w", op, key, store.ErrUnavailable)
			}
			return nil
		}
		dead := startConfigured(t, Config{DataDir: d.Path, Bucket: doomed, Drain: time.Millisecond, Log: slog.New(slog.DiscardHandler)})
		dead.turn()
		died := dead.end()
		next := start(t, d, a)
		next.turn()
		a.want(span(1, 5)...)
		next.mustEnd()
		if died == nil {
			if dies < 6 {
				t.Errorf("the first sidecar asked the store only %d times", dies)
			}
			return
		}
	}
}

func TestARangeThatWasPurgedIsToldExactlyAndTheNextBaseGoesOnBehindIt(t *testing.T) {
	d, a := tailtest.New(t), newArk(t)
	d.Snapshot(0, zookeeper.Plain, snapshot.Trailer{})
	d.Log(1, 5)
	c := start(t, d, a)
	c.turn()
	eventually(t, "a base is archived", func() bool { return len(a.catalog().Bases) == 1 })
	c.mustEnd()
	d.Remove(zookeeper.LogName(1))
	d.Remove(zookeeper.SnapshotName(0, zookeeper.Plain))
	exact := zookeeper.Zxid(20)
	d.Snapshot(exact, zookeeper.Plain, snapshot.Trailer{LastZxid: &exact}) // 6 to 20 were logged and purged while no sidecar ran
	d.Log(21, 25)
	var said bytes.Buffer
	c = startConfigured(t, Config{DataDir: d.Path, Bucket: a.bucket, Drain: 2 * time.Second, Log: slog.New(slog.NewTextHandler(&said, nil))})
	c.turn()
	eventually(t, "the next base is archived", func() bool { return len(a.catalog().Bases) == 2 })
	c.wantLost(archive.Range{First: 6, Last: 20})
	c.mustEnd()
	if !strings.Contains(said.String(), "first=0x6 last=0x14 records=15") {
		t.Errorf("the log is:\n%s", said.String())
	}
	plan, err := archive.MakePlan(a.catalog(), archive.Latest())
	if err != nil || plan.Target != 25 || plan.Base.Start != exact {
		t.Errorf("plan %+v, %v; want one from 0x14 to 0x19", plan, err)
	}
	var no *archive.NoChainError
	if _, err := archive.MakePlan(a.catalog(), archive.AtZxid(10)); !errors.As(err, &no) {
		t.Errorf("a point that was lost: %v, want a refusal", err)
	}
}

func TestASpoolDirectoryThatIsGoneHoldsUpNoLogAndIsTold(t *testing.T) {
	d, a := tailtest.New(t), newArk(t)
	spool := filepath.Join(t.TempDir(), "spool")
	d.Snapshot(0, zookeeper.Plain, snapshot.Trailer{})
	d.Log(1, 5)
	c := startConfigured(t, Config{DataDir: d.Path, Bucket: a.bucket, SpoolDir: spool, Drain: 2 * time.Second, Log: slog.New(slog.DiscardHandler)})
	c.turn()
	a.want(span(1, 5)...)
	eventually(t, "it is told", func() bool { err := c.Status().LastError; return err != nil && strings.Contains(err.Error(), spool) })
	if err := os.Mkdir(spool, 0o755); err != nil {
		t.Fatal(err)
	}
	c.turn()
	eventually(t, "a base is archived", func() bool { return len(a.catalog().Bases) == 1 && c.Status().LastError == nil })
	if left, err := os.ReadDir(spool); err != nil || len(left) > 0 {
		t.Errorf("left in the spool: %v, %v", left, err)
	}
	c.mustEnd()
}
