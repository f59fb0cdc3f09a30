package tail

import (
	"errors"
	"path/filepath"
	"slices"
	"sync"

	"github.com/zkark/zkark/internal/zookeeper"
)

// Config says where a server keeps its files. The directories, and version-2 below them, need not be there yet.
type Config struct {
	DataDir string // snapshots
	LogDir  string // transaction logs; empty for the same as DataDir
}

// Tail follows one server's directories. Its methods may be called from several goroutines.
type Tail struct {
	logDir, snapshotDir string

	looking sync.Mutex // one look at a time; guards facts and next
	facts   map[string]fact
	next    FileID

	mu        sync.Mutex          // guards the rest
	files     map[FileID]*logFile // including those that are only held open
	state     State
	snapshots []Snapshot
}

// New makes a Tail that has not looked yet.
func New(c Config) *Tail {
	if c.LogDir == "" {
		c.LogDir = c.DataDir
	}
	return &Tail{
		logDir:      filepath.Join(c.LogDir, zookeeper.VersionDir),
		snapshotDir: filepath.Join(c.DataDir, zookeeper.VersionDir),
		facts:       map[string]fact{},
		files:       map[FileID]*logFile{},
	}
}

// Runs is what the last look knows to be readable, in order of the files' zxids and of place in the file. A run whose link
// is not decided yet is left out.
func (t *Tail) Runs() []Run {
	var runs []Run
	for _, l := range t.snapshotOfState().Logs {
		for _, r := range l.Runs {
			if r.judged {
				runs = append(runs, r)
			}
		}
	}
	return runs
}

func (t *Tail) snapshotOfState() State {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.state
}

// Snapshots are the snapshot files that the last look found, newest first. Whether one is complete is for CopySnapshot to find out.
func (t *Tail) Snapshots() []Snapshot {
	t.mu.Lock()
	defer t.mu.Unlock()
	snapshots := slices.Clone(t.snapshots)
	slices.Reverse(snapshots)
	return snapshots
}

// Release lets go of files whose runs are all archived: the descriptor of one that is in the directory, and everything
// that is known of one that is not. The newest log stays open.
func (t *Tail) Release(archived func(Run) bool) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	var errs []error
	var kept []LogState
	for i, l := range t.state.Logs {
		if (l.Live && i == len(t.state.Logs)-1) || slices.ContainsFunc(l.Runs, func(r Run) bool { return !archived(r) }) {
			kept = append(kept, l)
			continue
		}
		if f := t.files[l.ID]; f != nil {
			errs = append(errs, f.letGo())
		}
		if l.Live {
			kept = append(kept, l)
		} else {
			delete(t.files, l.ID)
		}
	}
	t.state = State{Logs: kept}
	return errors.Join(errs...)
}

// Forget lets go of every log that is no longer in the directory, and of everything that is known of it.
func (t *Tail) Forget() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	var errs []error
	t.state.Logs = slices.DeleteFunc(slices.Clone(t.state.Logs), func(l LogState) bool {
		if f := t.files[l.ID]; !l.Live && f != nil {
			errs = append(errs, f.letGo())
		}
		return !l.Live && t.unreadable(l)
	})
	return errors.Join(errs...)
}

// Close lets go of every file. What the last look found is still told, but cannot be opened.
func (t *Tail) Close() error {
	t.looking.Lock()
	defer t.looking.Unlock()
	t.mu.Lock()
	defer t.mu.Unlock()
	var errs []error
	for _, f := range t.files {
		errs = append(errs, f.letGo())
	}
	clear(t.files)
	return errors.Join(errs...)
}

// Held is how many logs are kept although the server has deleted or replaced them, because not all of their records are
// archived.
func (t *Tail) Held() int {
	n := 0
	for _, l := range t.snapshotOfState().Logs {
		if !l.Live {
			n++
		}
	}
	return n
}
