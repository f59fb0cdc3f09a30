package timetravel_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zkark/zkark/internal/timetravel"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/snapshot"
	"github.com/zkark/zkark/internal/zookeeper/tree"
	"github.com/zkark/zkark/internal/zookeeper/tree/treetest"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

func TestAnySnapshotLogAndTargetGiveTheTreeOfAStraightReplay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		server := treetest.NewServer(func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "") })
		work := func(most int) {
			for range rapid.IntRange(0, most).Draw(t, "steps") {
				server.Step()
			}
		}
		work(40)
		if rapid.Bool().Draw(t, "election") {
			server.Elect()
		}
		busy := rapid.IntRange(0, 8).Draw(t, "busy")
		snap := server.Snapshot(func() { work(busy) })
		work(20)

		target := snap.End + zookeeper.Zxid(rapid.Uint64Range(0, uint64(server.Zxid()-snap.End)).Draw(t, "target"))
		straight := replay(t, timetravel.Base{Tree: tree.New(), End: new(zookeeper.Zxid)}, server.Log, target)
		known := replay(t, base(t, snap, &snap.End), server.Log, target)
		sameTree(t, straight.Tree(), known.Tree())
		if report := known.Report(); report.Proof == timetravel.ProofNone && snap.End < server.Zxid() && target > snap.End {
			t.Fatalf("%s", report)
		}
		unknown := replay(t, base(t, snap, nil), server.Log, target)
		sameTree(t, straight.Tree(), unknown.Tree())
		if report := unknown.Report(); report.Dangling != 0 {
			t.Fatalf("%s", report)
		}
	})
}

type fataler interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

func base(t fataler, snap *treetest.Snapshot, end *zookeeper.Zxid) timetravel.Base {
	t.Helper()
	loaded, err := tree.Load(snap.Again(), snap.Start)
	if err != nil {
		t.Fatal(err)
	}
	return timetravel.Base{Tree: loaded, Start: snap.Start, End: end}
}

// replay writes the transactions into a log file and replays it.
func replay(t fataler, b timetravel.Base, log []txnlog.Txn, until zookeeper.Zxid) *timetravel.Replay {
	t.Helper()
	r := timetravel.New(b)
	if err := r.Run(context.Background(), file(t, log), until); err != nil {
		t.Fatal(err)
	}
	return r
}

func file(t fataler, log []txnlog.Txn) *txnlog.Reader {
	t.Helper()
	var b bytes.Buffer
	w, err := txnlog.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	for _, txn := range log {
		if err := w.Append(txnlog.Encode(txn)); err != nil {
			t.Fatal(err)
		}
	}
	return txnlog.NewReader(bytes.NewReader(b.Bytes()), "log.1")
}

func sameTree(t fataler, want, got *tree.Tree) {
	t.Helper()
	dumps := make([]map[string]tree.Node, 2)
	for i, from := range []*tree.Tree{want, got} {
		dump, err := treetest.Dump(from)
		if err != nil {
			t.Fatal(err)
		}
		dumps[i] = dump
	}
	if diff := cmp.Diff(dumps[0], dumps[1]); diff != "" {
		t.Fatalf("trees differ (-straight +from the snapshot):\n%s", diff)
	}
	if diff := cmp.Diff(want.Sessions(), got.Sessions()); diff != "" || want.Digest() != got.Digest() {
		t.Fatalf("sessions differ (-straight +from the snapshot), or digests %d and %d:\n%s", want.Digest(), got.Digest(), diff)
	}
}

// aHistory is a fixed history of n transactions with digests: a session, then creates.
func aHistory(n int) []txnlog.Txn {
	t := tree.New()
	var log []txnlog.Txn
	for i := range n {
		txn := txnlog.Txn{Header: txnlog.Header{Session: 7, Zxid: zookeeper.Zxid(i + 1), Type: txnlog.TypeCreate}}
		txn.Body = txnlog.Create{Path: "/" + string(rune('a'+i)), Data: []byte("x"), ParentCversion: int32(i)}
		if i == 0 {
			txn.Type, txn.Body = txnlog.TypeCreateSession, txnlog.CreateSession{Timeout: 4000}
		}
		log = append(log, record(t, txn))
	}
	return log
}

// record applies a transaction and adds the digest, as a server does.
func record(t *tree.Tree, txn txnlog.Txn) txnlog.Txn {
	if err := t.Apply(txn); err == nil {
		txn.Digest = &txnlog.Digest{Version: 2, Tree: t.Digest()}
	}
	return txn
}

func exact() timetravel.Base { return timetravel.Base{Tree: tree.New(), End: new(zookeeper.Zxid)} }

func TestReplayStopsAtTheTargetAndIsProvenThere(t *testing.T) {
	r := replay(t, exact(), aHistory(9), 5)
	report := r.Report()
	if report.First != 1 || report.Last != 5 || report.Applied != 5 || report.Right != 5 || !report.Sound() {
		t.Errorf("report is %+v", report)
	}
	if got := report.String(); got != "proven by digest at zxid 0x5" {
		t.Errorf("report says %q", got)
	}
}

func TestReplayWithoutDigestsSaysSo(t *testing.T) {
	log := aHistory(4)
	for i := range log {
		log[i].Digest = nil
	}
	report := replay(t, exact(), log, 4).Report()
	if report.Absent != 4 || report.Proof != timetravel.ProofCounters || !report.Sound() {
		t.Errorf("report is %+v", report)
	}
	if got := report.String(); got != "no digest recorded: proven by checksums and counters only" {
		t.Errorf("report says %q", got)
	}
}

func TestDigestOfAnUnknownVersionIsNotCompared(t *testing.T) {
	log := aHistory(3)
	log[2].Digest.Version = 3
	log[2].Digest.Tree++
	report := replay(t, exact(), log, 3).Report()
	if report.Absent != 1 || report.Proven != 2 {
		t.Errorf("report is %+v", report)
	}
	if got := report.String(); got != "proven by digest at zxid 0x2, by checksums and counters up to 0x3" {
		t.Errorf("report says %q", got)
	}
}

func TestAnyDigestMismatchAfterTheFuzzyWindowFails(t *testing.T) {
	log := aHistory(6)
	log[4].Digest.Tree++
	err := timetravel.New(exact()).Run(context.Background(), file(t, log), 6)
	var mismatch *timetravel.DigestMismatch
	if !errors.As(err, &mismatch) || mismatch.Zxid != 5 || mismatch.Good != 4 || mismatch.Want != mismatch.Got+1 {
		t.Errorf("got %v, want a mismatch at 0x5", err)
	}
}

func TestTargetInsideTheFuzzyWindowIsNotProven(t *testing.T) {
	server := tree.New()
	log := aHistory(6)
	for _, txn := range log[:4] {
		if err := server.Apply(txn); err != nil {
			t.Fatal(err)
		}
	}
	for name, end := range map[string]*zookeeper.Zxid{"known end": zxid(4), "unknown end": nil} {
		early := replay(t, base(t, fuzzy(t, server, 1), end), log, 3).Report()
		if early.Proof != timetravel.ProofNone || early.Sound() || early.Fuzzy != 2 {
			t.Errorf("%s: inside the window the report is %+v", name, early)
		}
		late := replay(t, base(t, fuzzy(t, server, 1), end), log, 6).Report()
		if late.Proven != 6 || late.Skipped != 1 || !late.Sound() {
			t.Errorf("%s: after the window the report is %+v", name, late)
		}
	}
}

func zxid(z zookeeper.Zxid) *zookeeper.Zxid { return &z }

func TestRecordsThatDoNotFollowEachOtherAreRefused(t *testing.T) {
	tests := map[string]struct {
		zxids []zookeeper.Zxid
		bad   bool
	}{
		"dense":                  {[]zookeeper.Zxid{1, 2, 3}, false},
		"gap":                    {[]zookeeper.Zxid{1, 2, 4}, true},
		"backwards":              {[]zookeeper.Zxid{1, 2, 1}, true},
		"gap after the base":     {[]zookeeper.Zxid{2}, true},
		"next epoch":             {[]zookeeper.Zxid{1, 1<<32 | 1, 1<<32 | 2}, false},
		"empty epochs":           {[]zookeeper.Zxid{1, 9<<32 | 1}, false},
		"next epoch, but late":   {[]zookeeper.Zxid{1, 1<<32 | 2}, true},
		"epoch begins at 0":      {[]zookeeper.Zxid{1, 1 << 32}, true},
		"repeated failed":        {[]zookeeper.Zxid{1, 1, 2}, false},
		"previous epoch returns": {[]zookeeper.Zxid{1, 2<<32 | 1, 1<<32 | 1}, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := timetravel.New(exact())
			var err error
			for _, z := range test.zxids {
				if err == nil {
					err = r.Apply(txnlog.Txn{Header: txnlog.Header{Zxid: z, Type: txnlog.TypeError}, Body: txnlog.Error{Code: -5}})
				}
			}
			var sequence *timetravel.SequenceError
			if errors.As(err, &sequence) != test.bad {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestStandaloneServerCountsPastTheEndOfAnEpoch(t *testing.T) {
	r := timetravel.New(timetravel.Base{Tree: tree.New(), Start: 1<<32 - 1, End: zxid(1<<32 - 1)})
	txn := txnlog.Txn{Header: txnlog.Header{Zxid: 1 << 32, Type: txnlog.TypeError}, Body: txnlog.Error{Code: -5}}
	if err := r.Apply(txn); err != nil {
		t.Errorf("got %v", err)
	}
}

func TestRepeatedZxidOfAnotherTypeIsRefused(t *testing.T) {
	log := aHistory(2)
	log[1].Zxid = 1
	err := timetravel.New(exact()).Run(context.Background(), file(t, log), 9)
	var sequence *timetravel.SequenceError
	if !errors.As(err, &sequence) {
		t.Errorf("got %v", err)
	}
}

func TestCleanupOfDeadSessionsAtARestartIsFoundAndReported(t *testing.T) {
	server := tree.New()
	txn := func(z zookeeper.Zxid, typ txnlog.Type, body txnlog.Body) txnlog.Txn {
		return record(server, txnlog.Txn{Header: txnlog.Header{Session: int64(z), Zxid: z, Time: 1, Type: typ}, Body: body})
	}
	log := []txnlog.Txn{
		txn(1, txnlog.TypeCreate, txnlog.Create{Path: "/dead", Ephemeral: true, ParentCversion: 1}),
		txn(2, txnlog.TypeCreate, txnlog.Create{Path: "/stays", ParentCversion: 2}),
	}
	if err := server.Delete([]string{"/dead"}, 2); err != nil { // the server starts again
		t.Fatal(err)
	}
	log = append(log,
		txn(3, txnlog.TypeCreateSession, txnlog.CreateSession{Timeout: 4000}),
		txn(4, txnlog.TypeSetData, txnlog.SetData{Path: "/stays", Version: 1}))
	r := replay(t, exact(), log, 4)
	report := r.Report()
	want := []timetravel.Cleanup{{Before: 3, Paths: []string{"/dead"}}}
	if diff := cmp.Diff(want, report.Cleanups); diff != "" {
		t.Errorf("cleanups (-want +got):\n%s", diff)
	}
	if report.Proven != 4 || !report.Sound() {
		t.Errorf("report is %+v", report)
	}
	sameTree(t, server, r.Tree())
}

func TestWrongDigestsAfterAChangeOfTheRootAreDoubtedUntilOneIsRight(t *testing.T) {
	server := tree.New()
	var log []txnlog.Txn
	for z := zookeeper.Zxid(1); z <= 5; z++ {
		body := txnlog.SetData{Path: "/", Data: []byte{byte(z)}, Version: int32(z)}
		log = append(log, record(server, txnlog.Txn{Header: txnlog.Header{Zxid: z, Type: txnlog.TypeSetData}, Body: body}))
	}
	log[2].Digest.Tree++
	log[4].Digest.Tree++

	healed := replay(t, exact(), log, 4).Report()
	if healed.Doubted != 1 || healed.Doubt != 0 || healed.Proven != 4 || !healed.Sound() {
		t.Errorf("after the next right digest the report is %+v", healed)
	}
	doubted := replay(t, exact(), log, 5).Report()
	if doubted.Doubted != 2 || doubted.Doubt != 5 || doubted.Proven != 4 || !doubted.Sound() {
		t.Errorf("without a right digest the report is %+v", doubted)
	}

	late := txnlog.Txn{Header: txnlog.Header{Zxid: 1<<32 | 1, Type: txnlog.TypeCreateSession}, Body: txnlog.CreateSession{}}
	late.Digest = &txnlog.Digest{Version: 2, Tree: 1}
	err := timetravel.New(exact()).Run(context.Background(), file(t, append(log, late)), late.Zxid)
	var mismatch *timetravel.DigestMismatch
	if !errors.As(err, &mismatch) {
		t.Errorf("a mismatch in the next epoch gives %v", err)
	}
}

func TestSnapshotsOwnDigestProvesABaseWithoutRecords(t *testing.T) {
	good := &snapshot.Digest{Zxid: 3, Version: 2, Tree: tree.New().Digest()}
	wrong := &snapshot.Digest{Zxid: 3, Version: 2, Tree: 1}
	for digest, want := range map[*snapshot.Digest]timetravel.Proof{
		good: timetravel.ProofDigest, wrong: timetravel.ProofCounters, nil: timetravel.ProofCounters,
	} {
		b := timetravel.Base{Tree: tree.New(), Start: 3, End: zxid(3), Digest: digest}
		if got := timetravel.New(b).Report().Proof; got != want {
			t.Errorf("with trailer %+v the proof is %d, want %d", digest, got, want)
		}
	}
}

func TestTrailerTellsTheEndOfTheFuzzyWindow(t *testing.T) {
	tests := map[string]struct {
		trailer snapshot.Trailer
		want    *zookeeper.Zxid
	}{
		"digest":                   {snapshot.Trailer{Digest: &snapshot.Digest{Zxid: 9}, LastZxid: zxid(8)}, zxid(9)},
		"no transaction since":     {snapshot.Trailer{Digest: &snapshot.Digest{}, LastZxid: zxid(5)}, zxid(5)},
		"digest of an older epoch": {snapshot.Trailer{Digest: &snapshot.Digest{Zxid: 4}}, nil},
		"nothing":                  {snapshot.Trailer{}, nil},
	}
	for name, test := range tests {
		if diff := cmp.Diff(test.want, timetravel.End(5, test.trailer)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// fuzzy is a snapshot that started at start and absorbed everything that from holds.
func fuzzy(t *testing.T, from *tree.Tree, start zookeeper.Zxid) *treetest.Snapshot {
	t.Helper()
	snap, err := treetest.SnapshotOf(from, start)
	if err != nil {
		t.Fatal(err)
	}
	return snap
}
