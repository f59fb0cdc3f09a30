package restore

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

func TestATimeIsTheStateBeforeTheFirstLaterTransaction(t *testing.T) {
	w := newWorld(t, 21, 250)
	rapid.Check(t, func(rt *rapid.T) {
		i := rapid.IntRange(0, len(w.log)-1).Draw(rt, "record")
		at := time.UnixMilli(w.log[i].Time + int64(rapid.IntRange(0, 1).Draw(rt, "ms")))
		want := w.last()
		for j, txn := range w.log {
			if time.UnixMilli(txn.Time).After(at) {
				want = w.log[j-1].Zxid
				break
			}
		}
		found, err := Find(context.Background(), w.bucket, archive.AtTime(at), nil)
		if err != nil || found.Target != want {
			rt.Fatalf("at %s: %s, %v; want %s", at, found.Target, err, want)
		}
		if found.At == nil || found.At.Zxid != want || found.At.Time.After(at) {
			rt.Errorf("the transaction before it: %+v", found.At)
		}
		if want != w.last() && (found.Next == nil || !found.Next.Time.After(at)) {
			rt.Errorf("the transaction after it: %+v", found.Next)
		}
		if want == w.last() && (found.Next != nil || len(found.Warnings) == 0) {
			rt.Errorf("beyond the end: %+v", found)
		}
	})
}

func TestBeforeADeleteIsWhatTheLastDeleteFound(t *testing.T) {
	seen := 0
	for seed := range uint64(6) {
		w := newWorld(t, 30+seed, 250)
		deleted := map[string]zookeeper.Zxid{}
		before := w.dumps[0]
		for _, txn := range w.log {
			after := w.dumps[txn.Zxid]
			for path := range before {
				if _, still := after[path]; !still {
					deleted[path] = txn.Zxid
				}
			}
			before = after
		}
		for path, z := range deleted {
			found, err := Find(context.Background(), w.bucket, archive.BeforeDelete(path), nil)
			if err != nil {
				t.Fatalf("seed %d: %s: %v", seed, path, err)
			}
			if found.Next == nil || found.Next.Zxid < z {
				t.Fatalf("seed %d: %s: before %+v, and it was deleted by %s", seed, path, found.Next, z)
			}
			if found.Next.Zxid == z {
				seen++
			}
			if _, there := w.dumps[found.Target][path]; found.Next.Zxid == z && !there {
				t.Errorf("seed %d: %s is not there at %s", seed, path, found.Target)
			}
		}
	}
	if seen == 0 {
		t.Error("no history deletes anything")
	}
}

// byHand archives a history of which every transaction is a segment of its own.
func byHand(t *testing.T, txns ...txnlog.Txn) *world {
	t.Helper()
	w := newWorld(t, 1, 1)
	for _, key := range append(w.keys(t, "log/"), w.keys(t, "snapshot/")...) {
		w.replace(t, key, nil)
	}
	for i := range txns {
		prev := zookeeper.Zxid(0)
		if i > 0 {
			prev = txns[i-1].Zxid
		}
		w.segment(t, txns[i:i+1], prev)
	}
	w.log = txns
	return w
}

func txn(z zookeeper.Zxid, session, ms int64, typ txnlog.Type, body txnlog.Body) txnlog.Txn {
	return txnlog.Txn{Header: txnlog.Header{Zxid: z, Session: session, Time: ms, Type: typ}, Body: body}
}

func TestADeleteIsFoundWhereverItHides(t *testing.T) {
	create := func(z zookeeper.Zxid, session int64, ephemeral bool) txnlog.Txn {
		return txn(z, session, int64(z), txnlog.TypeCreate, txnlog.Create{Path: "/a", Ephemeral: ephemeral, ParentCversion: int32(z)})
	}
	remove := txnlog.Op{Type: txnlog.TypeDelete, Body: txnlog.Delete{Path: "/a"}}
	failed := txnlog.Op{Type: txnlog.TypeError, Body: txnlog.Error{Code: -101}}
	other := txn(4, 7, 4, txnlog.TypeCreate, txnlog.Create{Path: "/ab", ParentCversion: 9})
	for name, c := range map[string]struct {
		deletes txnlog.Txn
		owner   bool
	}{
		"in a group":                        {txn(3, 7, 3, txnlog.TypeMulti, txnlog.Multi{Ops: []txnlog.Op{remove}}), false},
		"with its session, listed":          {txn(3, 7, 3, txnlog.TypeCloseSession, txnlog.CloseSession{Listed: true, Paths: []string{"/a"}}), true},
		"with its session, before 3.6":      {txn(3, 7, 3, txnlog.TypeCloseSession, txnlog.CloseSession{}), true},
		"as a container that is not in use": {txn(3, 0, 3, txnlog.TypeDeleteContainer, txnlog.Delete{Path: "/a"}), false},
	} {
		noEffect := txn(5, 7, 5, txnlog.TypeMulti, txnlog.Multi{Ops: []txnlog.Op{remove, failed}})
		stranger := txn(6, 8, 6, txnlog.TypeCloseSession, txnlog.CloseSession{})
		w := byHand(t, txn(1, 7, 1, txnlog.TypeCreateSession, txnlog.CreateSession{Timeout: 1}), create(2, 7, c.owner), c.deletes, other, noEffect, stranger)
		found, err := Find(context.Background(), w.bucket, archive.BeforeDelete("/a"), nil)
		if err != nil || found.Target != 2 || found.Next.Zxid != 3 {
			t.Errorf("%s: %+v, %v", name, found, err)
		}
	}
	w := byHand(t, create(1, 7, false), other)
	var not *NotHeldError
	if _, err := Find(context.Background(), w.bucket, archive.BeforeDelete("/a"), nil); !errors.As(err, &not) {
		t.Errorf("nothing deletes it, and the answer is %v", err)
	}
}

func TestClocksThatDisagreeNeverLetALaterTransactionIn(t *testing.T) {
	at := func(z zookeeper.Zxid, ms int64) txnlog.Txn {
		return txn(z, 1, ms, txnlog.TypeError, txnlog.Error{Code: -1})
	}
	e2 := zookeeper.MakeZxid(2, 1)
	w := byHand(t, at(1, 1000), at(2, 5000), at(e2, 2000), at(e2+1, 6000)) // the first leader's clock was ahead
	found, err := Find(context.Background(), w.bucket, archive.AtTime(time.UnixMilli(3000)), nil)
	if err != nil || found.Target != 1 || found.Next.Zxid != 2 || found.Later != 3 {
		t.Fatalf("%+v, %v", found, err)
	}
	if len(found.Warnings) != 1 || !strings.Contains(found.Warnings[0], e2.String()) {
		t.Errorf("warnings %q, want one that names %s", found.Warnings, e2)
	}
}

func TestAClockThatIsSetBackOrStandsStillNeverLetsALaterTransactionIn(t *testing.T) {
	start := time.Date(2026, 10, 25, 0, 0, 0, 0, time.UTC) // in the night in which summer time ends
	var history []txnlog.Txn
	for i, hours := range []float64{10, 12, 12, 12, 9, 13} { // the leader's clock stood still, and was set back by three hours
		at := start.Add(time.Duration(hours * float64(time.Hour)))
		history = append(history, txn(zookeeper.Zxid(i+1), 1, at.UnixMilli(), txnlog.TypeError, txnlog.Error{Code: -1}))
	}
	w := byHand(t, history...)
	for hours, want := range map[float64]zookeeper.Zxid{10: 1, 11: 1, 12: 5, 12.5: 5, 13: 6} {
		at := start.Add(time.Duration(hours * float64(time.Hour)))
		found, err := Find(context.Background(), w.bucket, archive.AtTime(at), nil)
		if err != nil || found.Target != want {
			t.Errorf("at %g h: %s, %v; want %s", hours, found.Target, err, want)
		}
	}
	var not *NotHeldError
	if _, err := Find(context.Background(), w.bucket, archive.AtTime(start.Add(9*time.Hour)), nil); !errors.As(err, &not) {
		t.Errorf("a time before the first transaction, though a later one has it: %v", err)
	}
}

func TestATimeBeforeTheArchiveOrInAGapIsRefusedWithWhatIsHeld(t *testing.T) {
	at := func(z zookeeper.Zxid, ms int64) txnlog.Txn {
		return txn(z, 1, ms, txnlog.TypeError, txnlog.Error{Code: -1})
	}
	w := byHand(t, at(1, 1000), at(2, 2000), at(3, 3000), at(4, 4000))
	w.replace(t, w.keys(t, "log/")[2], nil)
	for ms, name := range map[int64]string{500: "0x1", 2500: "0x4", 3500: "0x2"} {
		var not *NotHeldError
		_, err := Find(context.Background(), w.bucket, archive.AtTime(time.UnixMilli(ms)), nil)
		if !errors.As(err, &not) || !strings.Contains(err.Error(), name) {
			t.Errorf("at %d ms: %v, want a refusal that names %s", ms, err, name)
		}
	}
	if found, err := Find(context.Background(), w.bucket, archive.AtTime(time.UnixMilli(1500)), nil); err != nil || found.Target != 1 {
		t.Errorf("before the gap: %+v, %v", found, err)
	}
}
