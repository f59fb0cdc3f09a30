package tail

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

// ErrChanged is wrapped when a file does not hold any more what a look found in it. Another look tells what it holds now.
var ErrChanged = errors.New("the file has changed since the last look")

// Records reads records of a run. It must be closed.
type Records struct {
	ctx  context.Context
	file *shared
	r    *txnlog.Reader
	run  Run
	from zookeeper.Zxid
	last zookeeper.Zxid // the record before the next one, 0 for not known
}

// Open reads the records of a run from the one with zxid from on, which the run must hold. Before that it makes what
// the look found durable, so that no record is passed on that the server can still lose.
func (t *Tail) Open(ctx context.Context, run Run, from zookeeper.Zxid) (*Records, error) {
	if from < run.First || from > run.Last {
		return nil, fmt.Errorf("open %s: zxid %s is not in %s–%s", run.Name, from, run.First, run.Last)
	}
	file, err := t.use(run)
	if err != nil {
		return nil, err
	}
	if err := syncData(file.f); err != nil {
		return nil, errors.Join(fmt.Errorf("make %s durable: %w", run.Name, err), file.release())
	}
	return &Records{ctx: ctx, file: file, r: txnlog.NewReaderAt(file.f, run.Name, run.seek(from)), run: run, from: from}, nil
}

// use takes hold of the file that a run is in.
func (t *Tail) use(run Run) (*shared, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	l, ok := t.files[run.File]
	if !ok {
		return nil, fmt.Errorf("open %s: %w", run.Name, ErrChanged)
	}
	if err := l.open(); err != nil {
		return nil, fmt.Errorf("open %s: %w: %w", run.Name, ErrChanged, err)
	}
	return l.file.use(), nil
}

// Next returns the next record, good until the next call, and io.EOF after the run's last. When the file does not hold
// the run any more the error wraps ErrChanged.
func (r *Records) Next() (txnlog.Record, error) {
	for {
		if err := context.Cause(r.ctx); err != nil {
			return txnlog.Record{}, fmt.Errorf("read %s: %w", r.run.Name, err)
		}
		if r.r.Offset() >= r.run.End {
			return txnlog.Record{}, r.end()
		}
		rec, err := r.r.Next()
		if err != nil {
			return txnlog.Record{}, fmt.Errorf("%w: %w", ErrChanged, err)
		}
		repeat := r.last != 0 && rec.Zxid == r.last
		if r.last != 0 && !repeat && !follows(r.last, rec.Zxid) || rec.Zxid > r.run.Last {
			return txnlog.Record{}, fmt.Errorf("%w: %s at offset %d: zxid %s after %s", ErrChanged, r.run.Name, rec.Offset, rec.Zxid, r.last)
		}
		r.last = rec.Zxid
		if rec.Zxid >= r.from {
			return rec, nil
		}
	}
}

func (r *Records) end() error {
	if r.last != r.run.Last {
		return fmt.Errorf("%w: %s ends its run at %s, not %s", ErrChanged, r.run.Name, r.last, r.run.Last)
	}
	return io.EOF
}

// Close lets go of the file.
func (r *Records) Close() error { return r.file.release() }

// TimeOf is when the leader made the record with zxid z, which the run must hold.
func (t *Tail) TimeOf(ctx context.Context, run Run, z zookeeper.Zxid) (_ time.Time, err error) {
	switch {
	case z < run.First || z > run.Last:
		return time.Time{}, fmt.Errorf("find the time of %s: it is not in %s–%s", z, run.First, run.Last)
	case z == run.First:
		return run.FirstTime, nil
	}
	file, err := t.use(run)
	if err != nil {
		return time.Time{}, err
	}
	records := &Records{ctx: ctx, file: file, r: txnlog.NewReaderAt(file.f, run.Name, run.seek(z)), run: run, from: z}
	defer func() { err = errors.Join(err, records.Close()) }()
	rec, err := records.Next()
	return time.UnixMilli(rec.Time), err
}
