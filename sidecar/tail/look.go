package tail

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"

	"github.com/zkark/zkark/internal/zookeeper"
)

// Report is what a look found.
type Report struct {
	Events   []Event
	Troubles []error // what could not be read, each look again until it can
	Unsure   bool    // a log changed under the look: Runs leaves something out until the next one
}

// Look reads what is new in the directories. It fails only when a directory cannot be listed, or the context ends; then
// what is known stays as it was.
func (t *Tail) Look(ctx context.Context) (Report, error) {
	t.looking.Lock()
	defer t.looking.Unlock()
	seen, troubles, err := t.see(ctx)
	if err != nil {
		return Report{}, err
	}
	snapshots, err := listSnapshots(t.snapshotDir)
	if err != nil {
		return Report{}, err
	}
	facts := t.snapshotFacts(ctx, snapshots, seen)
	t.mu.Lock()
	defer t.mu.Unlock()
	state, events := Step(t.state, Seen{Logs: seen, Snapshots: facts})
	state.Logs = slices.DeleteFunc(state.Logs, t.unreadable)
	t.state, t.snapshots = state, snapshots
	for _, s := range seen {
		if l := t.files[s.ID]; l != nil {
			l.replaces, l.added = 0, nil
		}
	}
	return Report{Events: events, Troubles: troubles, Unsure: state.unsure()}, nil
}

// unreadable tells whether a log is neither in the directory nor held, and forgets it then: it was let go because everything in it is
// archived. It is called with mu held.
func (t *Tail) unreadable(l LogState) bool {
	f := t.files[l.ID]
	if l.Live || f != nil && f.file != nil {
		return false
	}
	delete(t.files, l.ID)
	return true
}

// see reads on in every log, and then looks once more whether they are still what was read.
func (t *Tail) see(ctx context.Context) ([]SeenLog, []error, error) {
	entries, err := listLogs(t.logDir)
	if err != nil {
		return nil, nil, err
	}
	var logs []*logFile
	var seen []SeenLog
	var troubles []error
	var pred zookeeper.Zxid
	known := t.byName()
	for i, e := range entries {
		before := earlier{logs: logs, pred: pred, hold: t.hold}
		l, err := t.readOn(ctx, t.identify(known, e), e, &before, i == len(entries)-1)
		if cause := context.Cause(ctx); cause != nil {
			return nil, nil, cause
		}
		for _, trouble := range []error{err, l.stuck, l.hole} {
			if trouble != nil {
				troubles = append(troubles, trouble)
			}
		}
		logs = append(logs, l)
		seen = append(seen, SeenLog{ID: l.id, Name: e.name, First: e.zxid, Replaces: l.replaces, Added: l.added, Open: err != nil || l.stuck != nil})
		pred = max(pred, l.lastZxid)
	}
	again, err := listLogs(t.logDir)
	listing := map[string]entry{}
	for _, e := range again {
		listing[e.name] = e
	}
	for i, l := range logs {
		e, there := listing[l.name()]
		seen[i].Steady = there && t.steady(l, e)
	}
	return seen, troubles, err
}

// readOn reads what is new in the log that a listing told of. The error, which names the file, is of this look only.
func (t *Tail) readOn(ctx context.Context, l *logFile, e entry, before *earlier, newest bool) (*logFile, error) {
	quiet := l.seen != nil && unchanged(l.seen, e.info)
	if l.idle && quiet && !newest {
		return l, nil
	}
	file, err := t.hold(l)
	if err != nil {
		return l, err
	}
	same, err := l.intact(file.f)
	if err == nil && !same {
		l = t.renew(l)
	}
	end := l.end
	before.self = l
	if err == nil {
		err = l.read(ctx, file.f, before)
	}
	for err == nil && !newest && !l.ended && l.stuck == nil {
		err = l.readBehindEnd(ctx, file.f, before)
	}
	l.seen, l.idle = e.info, quiet && err == nil && l.end == end
	return l, errors.Join(err, before.release(), file.release())
}

// steady tells whether what is listed under a log's name still holds what was read.
func (t *Tail) steady(l *logFile, e entry) bool {
	if !os.SameFile(e.info, l.info) {
		return false
	}
	if l.idle {
		return unchanged(e.info, l.seen)
	}
	file, err := t.hold(l)
	if err != nil {
		return true // what cannot be read is not read as another thing
	}
	same, err := l.intact(file.f)
	return errors.Join(err, file.release()) != nil || same
}

func (t *Tail) byName() map[string][]*logFile {
	t.mu.Lock()
	defer t.mu.Unlock()
	files := map[string][]*logFile{}
	for _, l := range t.files {
		files[l.name()] = append(files[l.name()], l)
	}
	return files
}

// identify finds what is known of a listed log, by name and inode. A descriptor that is held keeps the inode from being
// given to another file; after it was let go the content tells.
func (t *Tail) identify(known map[string][]*logFile, e entry) *logFile {
	for _, l := range known[e.name] {
		if os.SameFile(l.info, e.info) {
			return l
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.newLife(logFile{path: filepath.Join(t.logDir, e.name), info: e.info})
}

// newLife is called with mu held.
func (t *Tail) newLife(l logFile) *logFile {
	t.next++
	l.id = t.next
	t.files[l.id] = &l
	return &l
}

// renew begins another life of a file whose content is not what it was.
func (t *Tail) renew(l *logFile) *logFile {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.files, l.id)
	replaces := l.replaces
	if replaces == 0 {
		replaces = l.id
	}
	return t.newLife(logFile{path: l.path, info: l.info, file: l.file, replaces: replaces})
}

// hold opens the file if need be. Its release must be called.
func (t *Tail) hold(l *logFile) (*shared, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := l.open(); err != nil {
		return nil, err
	}
	return l.file.use(), nil
}
