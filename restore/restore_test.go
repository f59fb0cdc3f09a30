package restore

import (
	"context"
	"errors"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"
	"pgregory.net/rapid"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/store/mem"
	"github.com/zkark/zkark/internal/store/storetest"
	"github.com/zkark/zkark/internal/timetravel"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/tree/treetest"
	"github.com/zkark/zkark/restore/install"
)

func TestEveryPointOfAHistoryComesBackAsItWas(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t, rapid.Uint64().Draw(rt, "seed"), rapid.IntRange(1, 250).Draw(rt, "steps"))
		at := rapid.SampledFrom(slices.Sorted(maps.Keys(w.dumps))).Draw(rt, "at")
		cfg := w.config(t)
		cfg.To = archive.AtZxid(at)
		report, err := Run(context.Background(), cfg)
		if err != nil {
			rt.Fatal(err)
		}
		got := load(t, cfg)
		dump, err := treetest.Dump(got)
		if err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(w.dumps[at], dump); diff != "" || report.Plan.Target != at {
			rt.Fatalf("restored %s, asked for %s (-was +restored):\n%s", report.Plan.Target, at, diff)
		}
	})
}

func TestALogFromTheFirstTransactionOnIsEnough(t *testing.T) {
	w := newWorld(t, 12, 60)
	for _, key := range w.keys(t, "snapshot/") {
		w.replace(t, key, nil)
	}
	cfg := w.config(t)
	if _, err := Run(context.Background(), cfg); err != nil {
		t.Fatal(err)
	}
	got, err := treetest.Dump(load(t, cfg))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(w.dumps[w.last()], got); diff != "" {
		t.Errorf("-was +restored:\n%s", diff)
	}
}

func TestWhatIsWrittenBootsAnywhere(t *testing.T) {
	w := newWorld(t, 7, 200)
	cfg := w.config(t)
	cfg.LogDir, cfg.Quorum = t.TempDir(), true
	report, err := Run(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	data, logs := contents(t, cfg.DataDir), contents(t, cfg.LogDir)
	for name, content := range data {
		base := filepath.Base(name)
		switch {
		case strings.HasSuffix(base, "Epoch"):
			if content != epochOf(w.last()) {
				t.Errorf("%s holds %q, want %q", name, content, epochOf(w.last()))
			}
		case strings.HasPrefix(base, "snapshot."):
			if base != zookeeper.SnapshotName(report.Plan.Base.End, zookeeper.Plain) {
				t.Errorf("%s stands in dataDir, want the state at %s", name, report.Plan.Base.End)
			}
		default:
			t.Errorf("%s stands in dataDir", name)
		}
	}
	for name, content := range logs {
		if _, ok := zookeeper.ParseLogName(filepath.Base(name)); !ok || content[len(content)-1] != 'B' {
			t.Errorf("%s stands in dataLogDir, or ends with padding", name)
		}
	}
	if len(data) != 3 || len(logs) == 0 {
		t.Errorf("dataDir has %d files, dataLogDir %d", len(data), len(logs))
	}
}

func epochOf(z zookeeper.Zxid) string {
	return strings.TrimPrefix(zookeeper.MakeZxid(0, z.Epoch()).String(), "0x") // below ten, hex and decimal agree
}

func TestOldDataIsKeptAsideWithItsOwnerAndModes(t *testing.T) {
	w := newWorld(t, 3, 50)
	cfg := w.config(t)
	old := filepath.Join(cfg.DataDir, zookeeper.VersionDir)
	if err := errors.Join(os.Mkdir(old, 0o750), os.WriteFile(filepath.Join(old, "snapshot.0"), []byte("damaged"), 0o640)); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		if err := os.Chown(old, 1234, 2345); err != nil {
			t.Fatal(err)
		}
	}
	report, err := Run(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{filepath.Join(cfg.DataDir, "version-2.zkark-20261123T090000.000Z")}
	if diff := cmp.Diff(want, report.Kept); diff != "" || contents(t, want[0])["/snapshot.0"] != "damaged" {
		t.Errorf("the old data is not kept: %s", diff)
	}
	info, err := os.Stat(old)
	if err != nil || info.Mode().Perm() != 0o750 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if stat := info.Sys().(*syscall.Stat_t); os.Geteuid() == 0 && (stat.Uid != 1234 || stat.Gid != 2345) {
		t.Errorf("owner %d:%d, want 1234:2345", stat.Uid, stat.Gid)
	}
}

func TestTransactionsThatOnlyTheDirectoryHoldsAreNotSetAsideUnasked(t *testing.T) {
	w := newWorld(t, 4, 60)
	cfg := w.config(t)
	if _, err := Run(context.Background(), cfg); err != nil {
		t.Fatal(err)
	}
	newest := w.keys(t, "log/")
	if err := w.bucket.Delete(context.Background(), newest[len(newest)-1]); err != nil {
		t.Fatal(err)
	}
	before := contents(t, cfg.DataDir)
	var ahead *AheadError
	if _, err := Run(context.Background(), cfg); !errors.As(err, &ahead) || ahead.Local != w.last() {
		t.Fatalf("got %v, want a refusal that names %s", err, w.last())
	}
	if diff := cmp.Diff(before, contents(t, cfg.DataDir)); diff != "" {
		t.Errorf("the refusal touched the directory:\n%s", diff)
	}
	cfg.Force = true
	if _, err := Run(context.Background(), cfg); err != nil {
		t.Errorf("forced: %v", err)
	}
}

func TestARunningServerIsNotRestoredOver(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	cfg := newWorld(t, 1, 5).config(t)
	cfg.Clients = []string{l.Addr().String()}
	var inUse *InUseError
	if _, err := Run(context.Background(), cfg); !errors.As(err, &inUse) {
		t.Fatalf("got %v, want an *InUseError", err)
	}
}

func TestAnArchiveThatIsNotThereIsToldFromOneThatIsEmpty(t *testing.T) {
	for name, c := range map[string]struct {
		key  string
		want error
	}{
		"nothing at all":  {"", ErrNoArchive},
		"other things":    {"somebody/elses", ErrNoArchive},
		"only its marker": {archive.IdentityKey, archive.ErrEmpty},
	} {
		w := &world{bucket: mem.New()}
		if c.key != "" {
			w.put(t, c.key, asJSON(t, archive.Identity{Format: 1, Cluster: cluster}))
		}
		cfg := w.config(t)
		if _, err := Run(context.Background(), cfg); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if files := contents(t, cfg.DataDir); len(files) != 0 {
			t.Errorf("%s: %v was written", name, files)
		}
	}
}

func TestDamagedMissingAndForeignObjectsLeaveTheTargetAlone(t *testing.T) {
	damage := map[string]func(object []byte) []byte{
		"cut":     func(o []byte) []byte { return o[:len(o)/2] },
		"flipped": func(o []byte) []byte { o[len(o)-20] ^= 1; return o },
		"foreign": func([]byte) []byte { return []byte("hello, this is something else") },
		"missing": nil,
	}
	for name, change := range damage {
		for _, below := range []string{"log/", "snapshot/"} {
			w := newWorld(t, 5, 80)
			keys := w.keys(t, below)
			switch logs := w.keys(t, "log/"); {
			case name == "missing" && below == "log/":
				keys = logs[len(logs)-2:][:1] // with all of them gone there would be less history, not a hole in it
			case below == "snapshot/":
				w.replace(t, logs[0], nil) // without a hole the log alone is enough
			}
			for _, key := range keys {
				w.replace(t, key, change)
			}
			cfg := w.config(t)
			put(t, cfg)
			before := contents(t, cfg.DataDir)
			if _, err := Run(context.Background(), cfg); err == nil {
				t.Errorf("%s %s: restored", name, below)
			}
			if diff := cmp.Diff(before, contents(t, cfg.DataDir)); diff != "" {
				t.Errorf("%s %s: the target has changed:\n%s", name, below, diff)
			}
		}
	}
}

// put gives a target something to lose.
func put(t *testing.T, cfg Config) {
	t.Helper()
	dir := filepath.Join(cfg.DataDir, zookeeper.VersionDir)
	if err := errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(filepath.Join(dir, "currentEpoch"), []byte("1"), 0o644)); err != nil {
		t.Fatal(err)
	}
}

func (w *world) replace(t *testing.T, key string, change func([]byte) []byte) {
	t.Helper()
	r, err := w.bucket.Get(context.Background(), key, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	object := make([]byte, 0, 1<<20)
	buf := make([]byte, 1<<16)
	for {
		n, err := r.Read(buf)
		object = append(object, buf[:n]...)
		if err != nil {
			break
		}
	}
	if err := w.bucket.Delete(context.Background(), key); err != nil {
		t.Fatal(err)
	}
	if change != nil {
		w.put(t, key, change(object))
	}
}

func TestAHistoryThatDoesNotGiveTheRecordedDigestIsNotInstalled(t *testing.T) {
	w := newWorld(t, 6, 100)
	for _, key := range w.keys(t, "log/") {
		w.replace(t, key, nil)
	}
	for i := range w.log {
		if w.log[i].Digest != nil && i > 90 {
			w.log[i].Digest.Tree++
		}
	}
	var prev zookeeper.Zxid
	for i := range w.log {
		w.segment(t, w.log[i:i+1], prev)
		prev = w.log[i].Zxid
	}
	cfg := w.config(t)
	put(t, cfg)
	before := contents(t, cfg.DataDir)
	_, err := Run(context.Background(), cfg)
	var mismatch *timetravel.DigestMismatch
	if !errors.Is(err, ErrNotProven) || !errors.As(err, &mismatch) {
		t.Fatalf("got %v, want ErrNotProven with the mismatch", err)
	}
	if diff := cmp.Diff(before, contents(t, cfg.DataDir)); diff != "" {
		t.Errorf("the target has changed:\n%s", diff)
	}
}

func TestAStoreThatFailsAtAnyCallLeavesTheTargetAlone(t *testing.T) {
	w := newWorld(t, 8, 60)
	errDown := errors.New("store is down")
	for fail := 0; ; fail++ {
		cfg := w.config(t)
		var calls atomic.Int64
		cfg.Bucket = &storetest.Faulty{Bucket: w.bucket, Before: func(op, key string) error {
			if calls.Add(1) > int64(fail) {
				return errDown
			}
			return nil
		}}
		_, err := Run(context.Background(), cfg)
		if err == nil {
			if fail < 3 {
				t.Fatalf("restored with %d calls", fail)
			}
			return
		}
		if !errors.Is(err, errDown) {
			t.Errorf("call %d: %v", fail, err)
		}
		if files := contents(t, cfg.DataDir); len(files) != 0 {
			t.Errorf("call %d: %v stays", fail, slices.Sorted(maps.Keys(files)))
		}
	}
}

func TestAnInterruptedSwapIsFinishedAndNotDoneTwice(t *testing.T) {
	w := newWorld(t, 9, 40)
	cfg := w.config(t)
	s, err := newStaging(cfg)
	if err != nil {
		t.Fatal(err)
	}
	a, err := open(context.Background(), w.bucket, 0)
	if err != nil {
		t.Fatal(err)
	}
	preview, err := a.look(context.Background(), cfg, false)
	if err != nil {
		t.Fatal(err)
	}
	plan := preview.Plan
	b := builder{archive: a, staging: s, observe: unobserved{}, behind: new(errgroup.Group)}
	defer b.behind.Wait()
	if _, _, err := b.buildAndProve(context.Background(), plan); err != nil {
		t.Fatal(err)
	}
	swap, err := install.MakePlan(plan.Target, swapped(cfg.DataDir, "x"), nil, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(cfg.DataDir, install.PlanFile), asJSON(t, swap), 0o644); err != nil {
		t.Fatal(err)
	}
	report, err := Run(context.Background(), cfg)
	if err != nil || !report.Resumed {
		t.Fatalf("resumed %v, %v", report.Resumed, err)
	}
	if got := load(t, cfg).LastZxid(); got != w.last() {
		t.Errorf("the directory ends at %s, want %s", got, w.last())
	}
}

func TestADryRunTouchesNothing(t *testing.T) {
	w := newWorld(t, 10, 30)
	cfg := w.config(t)
	plan, err := Plan(context.Background(), cfg)
	if err != nil || plan.Target != w.last() || plan.Bytes == 0 {
		t.Errorf("plan %+v, %v", plan, err)
	}
	if files := contents(t, cfg.DataDir); len(files) != 0 {
		t.Errorf("%v was written", files)
	}
}

func TestACancelledRestoreSaysSoAndLeavesNothingBehind(t *testing.T) {
	w := newWorld(t, 11, 30)
	cfg := w.config(t)
	ctx, cancel := context.WithCancel(context.Background())
	cfg.Observe = cancelling{cancel}
	if _, err := Run(ctx, cfg); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if files := contents(t, cfg.DataDir); len(files) != 0 {
		t.Errorf("%v stays", files)
	}
}

type cancelling struct{ cancel func() }

func (c cancelling) Planned(archive.Plan) {}
func (c cancelling) Fetched(int)          { c.cancel() }
func (c cancelling) Proving()             {}
