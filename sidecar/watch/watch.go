package watch

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

// breath is how long the watch rests after a notification. A busy server writes thousands of times a second, and the system
// folds what is not read.
const breath = 100 * time.Millisecond

// Run sends on look whenever something may have changed in one of the directories, and at every tick; it begins with one signal.
// It returns when the context ends. Look should hold one signal: while one waits, others add nothing.
//
// Directories are watched, never files. For one that does not exist the nearest directory above it is watched instead, and each
// tick and each signal tries again to watch what is now there. Where the system has no notifications the ticks do it all;
// warn is told why, once for each reason.
func Run(ctx context.Context, dirs []string, tick <-chan time.Time, look chan<- struct{}, warn func(error)) {
	w := watcher{dirs: dirs, look: look, warn: warn, told: map[string]bool{}}
	n, err := fsnotify.NewWatcher()
	if err != nil {
		w.tell(err)
	} else {
		defer n.Close()
		w.notify, w.events, w.errors = n, n.Events, n.Errors
	}
	w.run(ctx, tick)
}

func (w *watcher) run(ctx context.Context, tick <-chan time.Time) {
	for changed := true; ; {
		if changed {
			w.watch()
		}
		w.signal()
		select {
		case <-ctx.Done():
			return
		case <-tick:
			changed = true
		case e := <-w.events:
			changed = e.Op != fsnotify.Write
			rest(ctx)
		case err := <-w.errors:
			changed = true
			w.tell(err)
		}
	}
}

func rest(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(breath):
	}
}

type watcher struct {
	dirs   []string
	look   chan<- struct{}
	warn   func(error)
	told   map[string]bool
	notify interface{ Add(dir string) error } // nil without notifications
	events <-chan fsnotify.Event              // nil, which blocks, without notifications
	errors <-chan error
}

func (w *watcher) signal() {
	select {
	case w.look <- struct{}{}:
	default:
	}
}

// tell passes a reason on, but not an overflow: it is a signal like any other.
func (w *watcher) tell(err error) {
	if errors.Is(err, fsnotify.ErrEventOverflow) || w.told[err.Error()] {
		return
	}
	w.told[err.Error()] = true
	w.warn(err)
}

// watch watches every directory, or what there is of the way to it. Watching again what is watched is harmless, and finds a
// directory that was replaced.
func (w *watcher) watch() {
	if w.notify == nil {
		return
	}
	for _, dir := range w.dirs {
		// A directory that is made between the question and the watch is not told of, so the question comes again.
		for at := ""; at != nearest(dir); {
			at = nearest(dir)
			if err := w.notify.Add(at); err != nil && !errors.Is(err, fs.ErrNotExist) {
				w.tell(err)
			}
		}
	}
}

// nearest is dir, or the lowest directory above it that exists.
func nearest(dir string) string {
	for {
		if info, err := os.Stat(dir); err == nil && info.IsDir() || filepath.Dir(dir) == dir {
			return dir
		}
		dir = filepath.Dir(dir)
	}
}
