package watch

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type running struct {
	look chan struct{}
	tick chan time.Time
}

func start(t *testing.T, dirs ...string) running {
	t.Helper()
	return begin(t, func(ctx context.Context, r running) {
		Run(ctx, dirs, r.tick, r.look, func(err error) { t.Logf("warning: %v", err) })
	})
}

// begin runs a watch until the test ends.
func begin(t *testing.T, run func(context.Context, running)) running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := running{look: make(chan struct{}, 1), tick: make(chan time.Time)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		run(ctx, r)
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

func TestFollowsASymbolicLinkThatIsTurnedElsewhere(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(dir, "data")
	for _, volume := range []string{"a", "b"} {
		write(t, filepath.Join(dir, volume, "log.1"))
	}
	turn := func(volume string) {
		t.Helper()
		if err := errors.Join(os.Symlink(filepath.Join(dir, volume), link+".new"), os.Rename(link+".new", link)); err != nil {
			t.Fatal(err)
		}
	}
	turn("a")
	r := start(t, link)
	r.drain()
	write(t, filepath.Join(dir, "a", "log.2"))
	r.want(t, "after a file was written behind the link")
	turn("b")
	r.tick <- time.Time{}
	r.drain()
	write(t, filepath.Join(dir, "b", "log.2"))
	r.want(t, "after a file was written where the link leads now")
}

func TestADirectoryThatIsNamedTwiceIsWatchedAsOne(t *testing.T) {
	dir := t.TempDir()
	r := start(t, dir, dir)
	r.drain()
	write(t, filepath.Join(dir, "log.1"))
	r.want(t, "after a file was written")
}

// notifications are what the system would tell.
type notifications struct {
	events chan fsnotify.Event
	errors chan error
	added  func(dir string) error
}

func (n notifications) Add(dir string) error { return n.added(dir) }

func TestAnOverflowIsASignalAndNoWarning(t *testing.T) {
	n := notifications{make(chan fsnotify.Event), make(chan error), func(string) error { return nil }}
	r := begin(t, func(ctx context.Context, r running) {
		w := watcher{look: r.look, told: map[string]bool{}, notify: n, events: n.events, errors: n.errors,
			warn: func(err error) { t.Errorf("warning: %v", err) }}
		w.run(ctx, r.tick)
	})
	n.errors <- fsnotify.ErrEventOverflow
	r.want(t, "after an overflow")
}

func TestWithoutNotificationsTheTicksDoItAllAndTheReasonIsToldOnce(t *testing.T) {
	none := errors.New("no inotify here")
	for name, w := range map[string]watcher{
		"the system has none":      {},
		"the file system has none": {notify: notifications{added: func(string) error { return none }}},
		"the system has no more":   {notify: notifications{added: func(string) error { return syscall.ENOSPC }}},
	} {
		t.Run(name, func(t *testing.T) {
			var told atomic.Int32
			w.dirs, w.told, w.warn = []string{t.TempDir()}, map[string]bool{}, func(error) { told.Add(1) }
			r := begin(t, func(ctx context.Context, r running) {
				w.look = r.look
				w.run(ctx, r.tick)
			})
			for range 3 {
				r.tick <- time.Time{}
				r.want(t, "at a tick")
			}
			if n := told.Load(); n > 1 || n == 0 && w.notify != nil {
				t.Errorf("%d warnings, want one", n)
			}
		})
	}
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
