package restore

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

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

// follower reads every record of a trail back from disk, in order, and waits for those that are still to be written: a
// timetravel.Source. It has to be closed.
type follower struct {
	ctx     context.Context
	trail   *trail
	at      int // index of the log at hand
	size    int64
	file    *os.File // nil between logs
	records *txnlog.Reader
}

// follow starts with the first record.
func (t *trail) follow(ctx context.Context) *follower { return &follower{ctx: ctx, trail: t} }

// Next gives io.EOF behind the last record of the last log. It fails when a log holds less, or more, than was written to it.
func (f *follower) Next() (txnlog.Record, error) {
	for f.file == nil || f.records.Offset() >= f.size {
		if err := f.advance(); err != nil {
			return txnlog.Record{}, err
		}
	}
	rec, err := f.records.Next()
	if err == io.EOF { // which would pass for the end of the trail
		err = fmt.Errorf("%s: it ends at byte %d of the %d that were written: %w", filepath.Base(f.file.Name()), f.records.Offset(), f.size, io.ErrUnexpectedEOF)
	}
	return rec, err
}

// advance goes on to bytes that are not read yet, or waits until something changes.
func (f *follower) advance() error {
	log, ok, ended, changed := f.trail.look(f.at)
	switch {
	case ended:
		return io.EOF
	case ok && log.size > f.size:
		f.size = log.size
		return f.open(log.path)
	case ok && log.complete:
		return f.leave()
	}
	select {
	case <-changed:
		return nil
	case <-f.ctx.Done():
		return f.ctx.Err()
	}
}

func (f *follower) open(path string) (err error) {
	if f.file != nil {
		return nil
	}
	if f.file, err = os.Open(path); err != nil {
		return err
	}
	f.records = txnlog.NewReader(f.file, filepath.Base(path))
	return nil
}

// leave ends with a log that is complete, behind whose last record there must be nothing.
func (f *follower) leave() error {
	info, err := os.Stat(f.file.Name())
	if err != nil {
		return err
	}
	if behind := info.Size() - f.records.Offset(); behind != 0 {
		return fmt.Errorf("%s: %d bytes behind the last record: %w", info.Name(), behind, io.ErrUnexpectedEOF)
	}
	err = f.close()
	f.at++
	f.size = 0
	return err
}

// close may be called at any time.
func (f *follower) close() error {
	if f.file == nil {
		return nil
	}
	err := f.file.Close()
	f.file = nil
	return err
}
