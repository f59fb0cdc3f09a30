package restore

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/store"
	"github.com/zkark/zkark/internal/timetravel"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

// trailOf writes logs in pieces, as a build does.
type trailOf struct {
	*trail
	t    *testing.T
	file *os.File
	out  *txnlog.Writer
	zxid zookeeper.Zxid
}

func (o *trailOf) begin(name string) {
	o.t.Helper()
	f, err := os.Create(filepath.Join(o.t.TempDir(), name))
	if err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(func() { f.Close() })
	if o.out, err = txnlog.NewWriter(f); err != nil {
		o.t.Fatal(err)
	}
	o.file = f
	o.trail.begin(f.Name())
}

// append writes records of up to 100 KiB that do not count yet.
func (o *trailOf) append(n int) {
	o.t.Helper()
	for range n {
		o.zxid++
		txn := txnlog.Txn{Header: txnlog.Header{Zxid: o.zxid, Type: txnlog.TypeSetData}}
		txn.Body = txnlog.SetData{Path: "/a", Data: make([]byte, int(o.zxid)*7919%(100<<10))}
		if err := o.out.Append(txnlog.Encode(txn)); err != nil {
			o.t.Fatal(err)
		}
	}
}

func (o *trailOf) reach(complete bool) { o.trail.reach(o.out.Offset(), complete) }

func TestAFollowerWaitsForWhatCountsAndMissesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &trailOf{trail: newTrail(), t: t}
		read := zookeeper.Zxid(0)
		ended := make(chan error)
		go func() {
			records := o.follow(context.Background())
			defer records.close()
			for {
				rec, err := records.Next()
				if err != nil {
					ended <- err
					return
				}
				if rec.Zxid != read+1 {
					t.Errorf("%s comes after %s", rec.Zxid, read)
				}
				read = rec.Zxid
			}
		}()
		for _, name := range []string{"log.1", "log.2", "log.3"} {
			o.begin(name)
			for range 5 {
				before := o.zxid
				o.append(40)
				synctest.Wait()
				if read > before {
					t.Errorf("%s was read, and only what is up to %s counts", read, before)
				}
				o.reach(false)
			}
			o.reach(true)
		}
		o.end()
		if err := <-ended; err != io.EOF || read != o.zxid {
			t.Errorf("%s was read last of %s: %v", read, o.zxid, err)
		}
	})
}

func TestAFollowerReadsTheDiskAndNotWhatWasMeantForIt(t *testing.T) {
	for name, change := range map[string]func(f *os.File, size int64) error{
		"a byte is another": func(f *os.File, size int64) error { _, err := f.WriteAt([]byte{0xa5}, size/2); return err },
		"the end is gone":   func(f *os.File, size int64) error { return f.Truncate(size - 1) },
		"a record is gone":  func(f *os.File, size int64) error { return f.Truncate(16) },
		"something behind":  func(f *os.File, size int64) error { _, err := f.WriteAt([]byte{0}, size); return err },
	} {
		o := &trailOf{trail: newTrail(), t: t}
		o.begin("log.1")
		o.append(30)
		o.reach(true)
		o.end()
		if err := change(o.file, o.out.Offset()); err != nil {
			t.Fatal(err)
		}
		records := o.follow(context.Background())
		var err error
		for err == nil {
			_, err = records.Next()
		}
		if err == io.EOF {
			t.Errorf("%s: the log is taken for whole", name)
		}
		if err := records.close(); err != nil {
			t.Error(err)
		}
	}
}

func TestBytesReadAheadAreTheSameUpToTheError(t *testing.T) {
	want := make([]byte, 5*blockSize+77)
	rand.NewChaCha8([32]byte{}).Read(want)
	for _, end := range []error{io.EOF, io.ErrUnexpectedEOF, errReset} {
		source := io.MultiReader(bytes.NewReader(want), iotest.ErrReader(end))
		r := readAhead(iotest.HalfReader(source))
		var got []byte
		part := make([]byte, 70_001)
		for {
			n, err := r.Read(part)
			got = append(got, part[:n]...)
			if err != nil {
				if err != end {
					t.Errorf("got %v, want %v", err, end)
				}
				break
			}
		}
		if _, err := r.Read(part); err != end || !bytes.Equal(got, want) {
			t.Errorf("%d bytes of %d, then %v", len(got), len(want), err)
		}
		r.close()
	}
	left := readAhead(bytes.NewReader(want))
	if _, err := left.Read(make([]byte, 10)); err != nil {
		t.Error(err)
	}
	left.close() // and no goroutine stays
}

// held lets nobody read an object before a signal.
type held struct {
	store.Bucket
	key   string
	until <-chan struct{}
}

func (h held) Get(ctx context.Context, key string, offset int64) (io.ReadCloser, error) {
	if key == h.key {
		select {
		case <-h.until:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	return h.Bucket.Get(ctx, key, offset)
}

// overlapping is a restore over old data whose last segment does not come before the signal. It tells when a proof writes its snapshot.
func overlapping(t *testing.T, w *world, until <-chan struct{}, settling func()) (Config, string) {
	t.Helper()
	cfg := w.config(t)
	put(t, cfg)
	plan, err := Plan(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	pieces := plan.Pieces
	if len(pieces) < 3 || pieces[len(pieces)-2].UpTo <= plan.Base.End {
		t.Fatalf("%d pieces after a base up to %s: no room for a proof to begin", len(pieces), plan.Base.End)
	}
	last := archive.TimelinePrefix(1) + pieces[len(pieces)-1].Key()
	cfg.Bucket = held{w.bucket, last, until}
	cfg.before = func(step string) error {
		if step == "settle" {
			settling()
		}
		return nil
	}
	return cfg, last
}

// runBriefly is Run of what ends by itself, and would wait for ever if one half did not end the other.
func runBriefly(t *testing.T, cfg Config) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	_, err := Run(ctx, cfg)
	if ctx.Err() != nil {
		t.Error("half of it waited until its context ended")
	}
	return err
}

func TestASegmentThatIsDamagedIsNamedWhileTheProofOfThoseBeforeItRuns(t *testing.T) {
	w := newWorld(t, 71, 200)
	settling := make(chan struct{})
	cfg, last := overlapping(t, w, settling, sync.OnceFunc(func() { close(settling) }))
	w.replace(t, last, func(o []byte) []byte { o[len(o)-20] ^= 1; return o })
	before := contents(t, cfg.DataDir)
	var damaged *DamagedError
	if err := runBriefly(t, cfg); !errors.As(err, &damaged) || damaged.Key != last {
		t.Errorf("got %v, want that %s is damaged", err, last)
	}
	if diff := cmp.Diff(before, contents(t, cfg.DataDir)); diff != "" {
		t.Errorf("the target has changed: %s", diff)
	}
}

func TestARestoreThatIsCancelledWhileItIsBuiltAndProvenLeavesTheOldData(t *testing.T) {
	w := newWorld(t, 71, 200)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	cfg, _ := overlapping(t, w, nil, cancel)
	before := contents(t, cfg.DataDir)
	if _, err := Run(ctx, cfg); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff(before, contents(t, cfg.DataDir)); diff != "" {
		t.Errorf("the target has changed: %s", diff)
	}
}

func TestAProofThatFailsEndsTheBuilding(t *testing.T) {
	w := newWorld(t, 71, 200)
	for _, key := range w.keys(t, "log/") {
		w.replace(t, key, nil)
	}
	for i := range w.log[:len(w.log)-2] {
		if w.log[i].Digest != nil {
			w.log[i].Digest.Tree++
		}
	}
	var prev zookeeper.Zxid
	for i := range w.log {
		w.segment(t, w.log[i:i+1], prev)
		prev = w.log[i].Zxid
	}
	cfg, _ := overlapping(t, w, nil, func() {}) // the last segment never comes
	before := contents(t, cfg.DataDir)
	var mismatch *timetravel.DigestMismatch
	if err := runBriefly(t, cfg); !errors.Is(err, ErrNotProven) || !errors.As(err, &mismatch) {
		t.Errorf("got %v, want ErrNotProven with the mismatch", err)
	}
	if diff := cmp.Diff(before, contents(t, cfg.DataDir)); diff != "" {
		t.Errorf("the target has changed: %s", diff)
	}
}
