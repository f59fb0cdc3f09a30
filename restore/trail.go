package restore

import "sync"

// trail is the logs as far as they are written, for a proof that follows: bytes count only once they can be read back from disk, and
// are whole records of objects that are what their names say. One goroutine writes; any number follow.
type trail struct {
	mu      sync.Mutex
	logs    []stretch
	ended   bool
	changed chan struct{} // closed, and another one, at every change
}

// stretch is a log, and how much of it counts.
type stretch struct {
	path     string
	size     int64
	complete bool // it does not grow any more
}

func newTrail() *trail { return &trail{changed: make(chan struct{})} }

func (t *trail) change(by func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	by()
	close(t.changed)
	t.changed = make(chan struct{})
}

// begin adds a log, of which nothing counts yet.
func (t *trail) begin(path string) {
	t.change(func() { t.logs = append(t.logs, stretch{path: path}) })
}

// reach tells how much of the newest log counts now.
func (t *trail) reach(size int64, complete bool) {
	t.change(func() {
		newest := &t.logs[len(t.logs)-1]
		newest.size, newest.complete = size, complete
	})
}

// end tells that no log comes any more.
func (t *trail) end() { t.change(func() { t.ended = true }) }

// look shows the i-th log; ok is false while there is none, and ended tells that there will be none. Whoever wants more than it
// shows waits for changed.
func (t *trail) look(i int) (s stretch, ok, ended bool, changed <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if i < len(t.logs) {
		return t.logs[i], true, false, t.changed
	}
	return stretch{}, false, t.ended, t.changed
}

// paths are those of the logs, in order of their records.
func (t *trail) paths() (paths []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range t.logs {
		paths = append(paths, s.path)
	}
	return paths
}
