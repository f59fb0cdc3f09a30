package watch

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type running struct {
	look chan struct{}
	tick chan time.Time
}

func start(t *testing.T, dirs ...string) running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := running{look: make(chan struct{}, 1), tick: make(chan time.Time)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		Run(ctx, dirs, r.tick, r.look, func(err error) { t.Logf("warning: %v", err) })
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	r.want(t, "at the start")
	return r
}

func (r running) want(t *testing.T, when string) {
	t.Helper()
	select {
	case <-r.look:
	case <-time.After(5 * time.Second):
		t.Fatalf("no signal %s", when)
	}
}

func write(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
}

// drain takes signals until none comes for a while, so that the next one has a new cause.
func (r running) drain() {
	for {
		select {
		case <-r.look:
		case <-time.After(100 * time.Millisecond):
			return
		}
	}
}

func TestSignalsWhenAFileChanges(t *testing.T) {
	dir := t.TempDir()
	r := start(t, dir)
	write(t, filepath.Join(dir, "log.1"))
	r.want(t, "after a file was written")
	r.drain()
	if err := os.Remove(filepath.Join(dir, "log.1")); err != nil {
		t.Fatal(err)
	}
	r.want(t, "after a file was removed")
}

func TestSignalsAtEveryTick(t *testing.T) {
	r := start(t, t.TempDir())
	for range 3 {
		r.drain()
		r.tick <- time.Time{}
		r.want(t, "at a tick")
	}
}

func TestFindsADirectoryThatDidNotExist(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data", "version-2")
	r := start(t, dir)
	write(t, filepath.Join(dir, "log.1"))
	r.want(t, "after the directories were created")
	r.drain()
	r.tick <- time.Time{} // whatever was created between two looks is watched from here on
	r.drain()
	write(t, filepath.Join(dir, "log.2"))
	r.want(t, "after a file was written in the new directory")
}

func TestFollowsADirectoryThatIsReplaced(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "version-2")
	write(t, filepath.Join(dir, "log.1"))
	r := start(t, dir)
	if err := os.Rename(dir, dir+".old"); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "log.1"))
	r.tick <- time.Time{}
	r.drain()
	write(t, filepath.Join(dir, "log.2"))
	r.want(t, "after a file was written in the replacement")
}

func TestSignalsThatWaitAreOne(t *testing.T) {
	dir := t.TempDir()
	r := start(t, dir)
	for range 100 {
		write(t, filepath.Join(dir, "log.1"))
	}
	for range 20 {
		r.tick <- time.Time{} // Run is not blocked by a reader that is late
	}
	r.want(t, "after many changes")
}
