package restore

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
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
	"github.com/zkark/zkark/internal/store/mem"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/tree/treetest"
)

// flaky is a store whose connections break after so many bytes, and that remembers from where it was read.
type flaky struct {
	store.Bucket
	after int64

	mu         sync.Mutex
	open, most int
	gets       map[string][]int64
}

var errReset = errors.New("connection reset")

func (f *flaky) Get(ctx context.Context, key string, offset int64) (io.ReadCloser, error) {
	r, err := f.Bucket.Get(ctx, key, offset)
	if err != nil || key == archive.IdentityKey {
		return r, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.gets == nil {
		f.gets = map[string][]int64{}
	}
	f.gets[key] = append(f.gets[key], offset)
	f.open++
	f.most = max(f.most, f.open)
	return &breaking{ReadCloser: r, left: f.after, closed: func() { f.mu.Lock(); f.open--; f.mu.Unlock() }}, nil
}

type breaking struct {
	io.ReadCloser
	left   int64
	closed func()
}

func (b *breaking) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errReset
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

func (b *breaking) Close() error {
	b.closed()
	return b.ReadCloser.Close()
}

func TestADownloadGoesOnWhereTheConnectionBroke(t *testing.T) {
	w := newWorld(t, 41, 200)
	cfg := w.config(t)
	bucket := &flaky{Bucket: w.bucket, after: 700}
	cfg.Bucket = bucket
	read := 0
	cfg.Observe = counting{&read}
	report, err := Run(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	got, err := treetest.Dump(load(t, cfg))
	if diff := cmp.Diff(w.dumps[w.last()], got); err != nil || diff != "" {
		t.Errorf("%v, -was +restored:\n%s", err, diff)
	}
	if int64(read) != report.Plan.Bytes {
		t.Errorf("%d bytes were read of the %d that there are", read, report.Plan.Bytes)
	}
	resumed := false
	for _, offsets := range bucket.gets {
		resumed = resumed || len(offsets) > 1 && offsets[len(offsets)-1] > 0
	}
	if !resumed || bucket.open != 0 {
		t.Errorf("resumed: %v; %d connections are open", resumed, bucket.open)
	}
}

type counting struct{ n *int }

func (c counting) Planned(archive.Plan) {}
func (c counting) Fetched(n int)        { *c.n += n }
func (c counting) Proving()             {}

func TestAConnectionThatNeverBringsAByteIsGivenUp(t *testing.T) {
	w := newWorld(t, 42, 20)
	cfg := w.config(t)
	cfg.Bucket = &flaky{Bucket: w.bucket, after: 0}
	if _, err := Run(context.Background(), cfg); !errors.Is(err, errReset) {
		t.Errorf("got %v", err)
	}
	if files := contents(t, cfg.DataDir); len(files) != 0 {
		t.Errorf("%d files stay", len(files))
	}
}

func TestALargeObjectIsReadInRangesByAFewConnections(t *testing.T) {
	content := make([]byte, 5*rangeSize+17)
	rand.NewChaCha8([32]byte{}).Read(content)
	bucket := &flaky{Bucket: mem.New(), after: rangeSize / 3}
	if err := bucket.Put(context.Background(), "large", store.BytesBody(content)); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	b := builder{archive: opened{bucket: bucket}, staging: staging{dataDir: dir, logDir: dir}, observe: unobserved{}}
	if err := os.Mkdir(b.staging.log(), 0o755); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	b.archive.bucket = &meeting{Bucket: bucket, met: make(chan struct{})}
	d := b.download(ctx, []object{{key: "large", size: int64(len(content))}})
	defer d.close()
	err := d.use(ctx, func(_ object, path string) error {
		got, err := os.ReadFile(path)
		if string(got) != string(content) {
			t.Error("what arrived is not what was sent")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if bucket.most > connections || bucket.most < 2 {
		t.Errorf("%d connections at once, want 2 to %d", bucket.most, connections)
	}
	if names, _ := os.ReadDir(b.staging.log()); len(names) != 0 {
		t.Errorf("%v stays", names)
	}
}

// meeting lets nobody read before a second connection is there.
type meeting struct {
	store.Bucket
	calls atomic.Int64
	met   chan struct{}
}

func (m *meeting) Get(ctx context.Context, key string, offset int64) (io.ReadCloser, error) {
	r, err := m.Bucket.Get(ctx, key, offset)
	if m.calls.Add(1) == 2 {
		close(m.met)
	}
	select {
	case <-m.met:
		return r, err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func TestADamagedOrMissingBaseIsPassedOverForAnOlderOneAndNamed(t *testing.T) {
	for name, change := range map[string]func([]byte) []byte{
		"damaged": func(o []byte) []byte { o[len(o)-20] ^= 1; return o },
		"short":   func(o []byte) []byte { return o[:len(o)-9] },
		"missing": nil,
	} {
		w := newWorld(t, 43, 200)
		cfg := w.config(t)
		plan, err := Plan(context.Background(), cfg)
		if err != nil || plan.Base.Start == 0 {
			t.Fatalf("%+v, %v", plan.Base, err)
		}
		key := archive.TimelinePrefix(1) + plan.Base.Key()
		if name == "missing" {
			cfg.Bucket = without{w.bucket, key} // which the listing still has
		} else {
			w.replace(t, key, change)
		}
		report, err := Run(context.Background(), cfg)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if report.Plan.Base.Start >= plan.Base.Start || report.Plan.Target != w.last() {
			t.Errorf("%s: %s from base %s, after %s", name, report.Plan.Target, report.Plan.Base.Start, plan.Base.Start)
		}
		if n := len(report.Plan.Warnings); n != 1 || !strings.Contains(report.Plan.Warnings[0], key) {
			t.Errorf("%s: warnings %q, want one that names %s", name, report.Plan.Warnings, key)
		}
		got, err := treetest.Dump(load(t, cfg))
		if diff := cmp.Diff(w.dumps[w.last()], got); err != nil || diff != "" {
			t.Errorf("%s: %v, -was +restored:\n%s", name, err, diff)
		}
	}
}

// without lists an object that it does not have.
type without struct {
	store.Bucket
	key string
}

func (w without) Get(ctx context.Context, key string, offset int64) (io.ReadCloser, error) {
	if key == w.key {
		return nil, store.ErrNotFound
	}
	return w.Bucket.Get(ctx, key, offset)
}

func TestAMissingSegmentIsNamed(t *testing.T) {
	w := newWorld(t, 44, 100)
	keys := w.keys(t, "log/")
	cfg := w.config(t)
	cfg.Bucket = without{w.bucket, keys[len(keys)-1]}
	var missing *MissingError
	if _, err := Run(context.Background(), cfg); !errors.As(err, &missing) || missing.Key != keys[len(keys)-1] {
		t.Errorf("got %v", err)
	}
	if files := contents(t, filepath.Join(cfg.DataDir, zookeeper.VersionDir)); len(files) != 0 {
		t.Errorf("%d files were written", len(files))
	}
}
