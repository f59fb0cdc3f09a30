package tail_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/snapshot"
	"github.com/zkark/zkark/sidecar/tail"
	"github.com/zkark/zkark/sidecar/tail/tailtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func z(epoch, counter uint32) zookeeper.Zxid { return zookeeper.MakeZxid(epoch, counter) }

func start(t *testing.T, d *tailtest.Dir) *tail.Tail {
	t.Helper()
	tl := tail.New(tail.Config{DataDir: d.Path})
	t.Cleanup(func() {
		if err := tl.Close(); err != nil {
			t.Error(err)
		}
	})
	return tl
}

func look(t *testing.T, tl *tail.Tail) tail.Report {
	t.Helper()
	report, err := tl.Look(t.Context())
	if err != nil {
		t.Fatalf("look: %v", err)
	}
	return report
}

// describe tells runs as "first-last<prev", with ? for a prev that is not known.
func describe(tl *tail.Tail) []string {
	var all []string
	for _, r := range tl.Runs() {
		prev := "?"
		if r.Linked {
			prev = r.Prev.String()
		}
		all = append(all, fmt.Sprintf("%s-%s<%s", r.First, r.Last, prev))
	}
	return all
}

func want(t *testing.T, tl *tail.Tail, runs ...string) {
	t.Helper()
	if diff := cmp.Diff(runs, describe(tl)); diff != "" {
		t.Errorf("runs (-want +got):\n%s", diff)
	}
}

func wantEvent(t *testing.T, r tail.Report, k tail.Kind) {
	t.Helper()
	for _, e := range r.Events {
		if e.Kind == k {
			return
		}
	}
	t.Errorf("no %q among %v", k, r.Events)
}

// zxids reads every record of a run from the one with zxid from on.
func zxids(t *testing.T, tl *tail.Tail, r tail.Run, from zookeeper.Zxid) []zookeeper.Zxid {
	t.Helper()
	records, err := tl.Open(t.Context(), r, from)
	if err != nil {
		t.Fatal(err)
	}
	defer records.Close()
	var all []zookeeper.Zxid
	for {
		rec, err := records.Next()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, rec.Zxid)
	}
}

func TestADirectoryThatIsNotThereYetHoldsNothing(t *testing.T) {
	d := tailtest.New(t)
	tl := start(t, d)
	look(t, tl)
	want(t, tl)
	d.Log(1, 3)
	look(t, tl)
	want(t, tl, "0x1-0x3<0x0")
}

func TestALogGrowsIntoOneRun(t *testing.T) {
	d := tailtest.New(t)
	tl := start(t, d)
	l := d.Log(1, 3)
	look(t, tl)
	l.Append(4, 9)
	look(t, tl)
	look(t, tl)
	want(t, tl, "0x1-0x9<0x0")
	if diff := cmp.Diff([]zookeeper.Zxid{5, 6, 7, 8, 9}, zxids(t, tl, tl.Runs()[0], 5)); diff != "" {
		t.Error(diff)
	}
}

func TestAFileHeaderThatIsNotCompleteIsWaitedFor(t *testing.T) {
	d := tailtest.New(t)
	whole := d.Log(1, 2)
	data, err := os.ReadFile(d.File(whole.Name))
	if err != nil {
		t.Fatal(err)
	}
	for n := range 16 {
		d := tailtest.New(t)
		tl := start(t, d)
		l := d.Create(1)
		l.Raw(data[:n])
		if report := look(t, tl); len(report.Troubles) > 0 {
			t.Fatalf("%d bytes of a header: %v", n, report.Troubles)
		}
		want(t, tl)
		l.Raw(data[n:])
		look(t, tl)
		want(t, tl, "0x1-0x2<0x0")
	}
}

func TestARecordThatIsCutAnywhereIsReadOnlyWhenItIsWhole(t *testing.T) {
	rec := tailtest.Record(t, 3, 0)
	d := tailtest.New(t)
	for cut := range len(rec) {
		d.Path = t.TempDir()
		tl := start(t, d)
		l := d.Log(1, 2)
		l.Raw(rec[:cut])
		if report := look(t, tl); len(report.Troubles) > 0 {
			t.Fatalf("cut at %d: %v", cut, report.Troubles)
		}
		want(t, tl, "0x1-0x2<0x0")
		l.Raw(rec[cut:])
		look(t, tl)
		want(t, tl, "0x1-0x3<0x0")
	}
}

func TestABadRecordIsTroubleOnlyWhenAGoodOneFollows(t *testing.T) {
	d := tailtest.New(t)
	tl := start(t, d)
	l := d.Log(1, 5)
	l.Flip(5)
	if report := look(t, tl); len(report.Troubles) > 0 {
		t.Errorf("at the tail: %v", report.Troubles)
	}
	want(t, tl, "0x1-0x4<0x0")
	l.Append(6, 9)
	report := look(t, tl)
	if len(report.Troubles) != 1 || !strings.Contains(report.Troubles[0].Error(), "log.1") {
		t.Errorf("in the middle: troubles %v, want one that names the file", report.Troubles)
	}
	want(t, tl, "0x1-0x4<0x0", "0x6-0x9<?")
	if report := look(t, tl); len(report.Troubles) != 1 {
		t.Errorf("the trouble was forgotten: %v", report.Troubles)
	}
}

func TestRecordsBehindZerosOfARolledLogAreFound(t *testing.T) {
	d := tailtest.New(t)
	tl := start(t, d)
	l := d.Log(1, 3)
	l.Raw(make([]byte, 5000)) // a page that did not survive a power failure
	l.Append(9, 10)
	look(t, tl)
	want(t, tl, "0x1-0x3<0x0")
	d.Log(z(2, 1), z(2, 2))
	if report := look(t, tl); len(report.Troubles) != 1 {
		t.Errorf("troubles %v, want one", report.Troubles)
	}
	want(t, tl, "0x1-0x3<0x0", "0x9-0xa<?", "0x200000001-0x200000002<0xa")
}

func TestARepeatedZxidOfAnErrorChangesNothing(t *testing.T) {
	d := tailtest.New(t)
	tl := start(t, d)
	l := d.Log(1, 3)
	l.Raw(tailtest.Repeat(t, 3))
	l.Append(4, 5)
	if report := look(t, tl); len(report.Troubles) > 0 {
		t.Errorf("troubles: %v", report.Troubles)
	}
	want(t, tl, "0x1-0x5<0x0")
}

func TestAZxidThatGoesBackStopsTheLogLoudly(t *testing.T) {
	d := tailtest.New(t)
	tl := start(t, d)
	l := d.Log(1, 5)
	l.Raw(tailtest.Record(t, 3, 1)) // not the one that was there
	if report := look(t, tl); len(report.Troubles) != 1 {
		t.Errorf("troubles %v, want one", report.Troubles)
	}
	want(t, tl, "0x1-0x5<0x0")
}

func TestARolledLogGetsItsLastRecordsAfterTheNewOneAppears(t *testing.T) {
	d := tailtest.New(t)
	tl := start(t, d)
	old := d.Log(1, 3)
	look(t, tl)
	old.Append(4, 6)
	d.Log(7, 8)
	look(t, tl)
	want(t, tl, "0x1-0x6<0x0", "0x7-0x8<0x6")
}

func TestATruncatedLogIsReadAgain(t *testing.T) {
	d := tailtest.New(t)
	tl := start(t, d)
	l := d.Log(z(1, 1), z(1, 9))
	look(t, tl)
	dead := tl.Runs()[0]
	l.Truncate(z(1, 4))
	d.Log(z(2, 1), z(2, 2))
	wantEvent(t, look(t, tl), tail.LogChanged)
	want(t, tl, "0x100000001-0x100000004<?", "0x200000001-0x200000002<0x100000004")
	if _, err := tl.Open(t.Context(), dead, dead.First); !errors.Is(err, tail.ErrChanged) {
		t.Errorf("open what was cut off: error %v, want ErrChanged", err)
	}
}

func TestALogWrittenAnewUnderItsNameIsReadAgain(t *testing.T) {
	for name, again := range map[string]func(d *tailtest.Dir){
		"in place":    func(*tailtest.Dir) {},
		"another one": func(d *tailtest.Dir) { d.Remove("log.100000001") },
	} {
		t.Run(name, func(t *testing.T) {
			d := tailtest.New(t)
			tl := start(t, d)
			d.Log(z(1, 1), z(1, 9))
			look(t, tl)
			if err := tl.Release(func(tail.Run) bool { return true }); err != nil {
				t.Fatal(err)
			}
			again(d)
			l := d.Create(z(1, 1))
			l.Raw([]byte("ZKLG\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00"))
			l.Raw(tailtest.Record(t, z(1, 1), 100))
			look(t, tl)
			live := tl.Runs()[len(tl.Runs())-1]
			if live.First != z(1, 1) || live.Last != z(1, 1) {
				t.Errorf("runs %v, want the last to be of the new content", describe(tl))
			}
		})
	}
}

func TestDeadProposalsOfADeletedLogAreNobodysNeighbours(t *testing.T) {
	d := tailtest.New(t)
	tl := start(t, d)
	d.Log(z(1, 1), z(1, 4))
	dead := d.Log(z(1, 5), z(1, 9))
	look(t, tl)
	d.Remove(dead.Name)
	d.Log(z(2, 1), z(2, 1))
	wantEvent(t, look(t, tl), tail.LogVanished)
	want(t, tl, "0x100000001-0x100000004<?", "0x100000005-0x100000009<0x100000004", "0x200000001-0x200000001<0x100000004")
}

func TestAPurgedLogStaysReadableUntilItIsArchived(t *testing.T) {
	d := tailtest.New(t)
	tl := start(t, d)
	d.Log(1, 9)
	d.Log(10, 12)
	look(t, tl)
	d.Remove("log.1")
	wantEvent(t, look(t, tl), tail.LogVanished)
	if got := zxids(t, tl, tl.Runs()[0], 1); len(got) != 9 {
		t.Errorf("read %v of the purged log, want 9 records", got)
	}
	if err := tl.Release(func(r tail.Run) bool { return r.Last == 9 }); err != nil {
		t.Fatal(err)
	}
	want(t, tl, "0xa-0xc<0x9")
}

func TestALogThatWasLetGoCanBeReadAgain(t *testing.T) {
	d := tailtest.New(t)
	tl := start(t, d)
	d.Log(1, 9)
	d.Log(10, 12)
	look(t, tl)
	if err := tl.Release(func(tail.Run) bool { return true }); err != nil {
		t.Fatal(err)
	}
	look(t, tl)
	look(t, tl)
	want(t, tl, "0x1-0x9<0x0", "0xa-0xc<0x9")
	if got := zxids(t, tl, tl.Runs()[0], 9); len(got) != 1 {
		t.Errorf("read %v, want 0x9", got)
	}
}

func TestOnlyZooKeepersOwnNamesAreRead(t *testing.T) {
	d := tailtest.New(t)
	tl := start(t, d)
	d.Log(1, 2)
	for _, name := range []string{"log.1.bak", "log.A", "log.", "xlog.1", "snapshot.1.tmp", "snapshot.zz", "acceptedEpoch"} {
		if err := os.WriteFile(d.File(name), []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(d.File("log.5"), 0o755); err != nil {
		t.Fatal(err)
	}
	if report := look(t, tl); len(report.Troubles) > 0 {
		t.Errorf("troubles: %v", report.Troubles)
	}
	want(t, tl, "0x1-0x2<0x0")
	if s := tl.Snapshots(); len(s) > 0 {
		t.Errorf("snapshots: %v", s)
	}
}

func TestADirectoryBehindASymbolicLinkIsFollowed(t *testing.T) {
	d, link := tailtest.New(t), filepath.Join(t.TempDir(), "data")
	if err := os.Symlink(d.Path, link); err != nil {
		t.Fatal(err)
	}
	tl := tail.New(tail.Config{DataDir: link})
	defer tl.Close()
	l := d.Log(1, 2)
	look(t, tl)
	l.Append(3, 3)
	look(t, tl)
	want(t, tl, "0x1-0x3<0x0")
}

func TestADirectoryThatIsReplacedIsReadAnew(t *testing.T) {
	d := tailtest.New(t)
	tl := start(t, d)
	d.Log(1, 9)
	look(t, tl)
	if err := os.Rename(d.File(""), d.File("")+".old"); err != nil {
		t.Fatal(err)
	}
	d.Log(1, 4)
	wantEvent(t, look(t, tl), tail.LogVanished)
	want(t, tl, "0x1-0x9<0x0", "0x1-0x4<0x0")
}

func TestLogsAndSnapshotsInDirectoriesOfTheirOwn(t *testing.T) {
	data, logs := tailtest.New(t), tailtest.New(t)
	tl := tail.New(tail.Config{DataDir: data.Path, LogDir: logs.Path})
	defer tl.Close()
	data.Snapshot(0, zookeeper.Plain, snapshot.Trailer{})
	logs.Log(1, 2)
	look(t, tl)
	want(t, tl, "0x1-0x2<0x0")
	if s := tl.Snapshots(); len(s) != 1 || s[0].Start != 0 {
		t.Errorf("snapshots %v, want snapshot.0", s)
	}
}
