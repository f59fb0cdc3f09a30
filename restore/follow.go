package restore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

// follower reads every record of a trail back from disk, in order, and waits for those that are still to be written. It has to be closed.
type follower struct {
	ctx     context.Context
	trail   *trail
	at      int // index of the log at hand
	size    int64
	file    *os.File // nil between logs
	records *txnlog.Reader
}

// errNotYet tells that the next record is still to be written.
var errNotYet = errors.New("the record is not written yet")

// next gives io.EOF behind the last record of the last log, and errNotYet where it would have to wait for one and is not to. It fails when
// a log holds less, or more, than was written to it.
func (f *follower) next(wait bool) (txnlog.Record, error) {
	for f.file == nil || f.records.Offset() >= f.size {
		if err := f.advance(wait); err != nil {
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
func (f *follower) advance(wait bool) error {
	log, ok, ended, changed := f.trail.look(f.at)
	switch {
	case ended:
		return io.EOF
	case ok && log.size > f.size:
		f.size = log.size
		return f.open(log.path)
	case ok && log.complete:
		return f.leave()
	case !wait:
		return errNotYet
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

const (
	batchSize = 256 << 10 // bytes of records that are handed over at once, one record more or less
	batches   = 4         // of them on their way
)

// batch is records in a row, and the bytes of their payloads.
type batch struct {
	records []txnlog.Record
	bytes   []byte
}

// recordsAhead are the records of a trail, which a goroutine of its own reads back and checks before the replay takes them: a
// timetravel.Source. It has to be closed.
type recordsAhead struct {
	*ahead[batch]
	end      context.CancelFunc
	follower *follower
	batch    batch
	at       int // in the batch
}

// follow starts with the first record.
func (t *trail) follow(ctx context.Context) *recordsAhead {
	ctx, end := context.WithCancel(ctx)
	r := &recordsAhead{end: end, follower: &follower{ctx: ctx, trail: t}}
	r.ahead = goAhead(r.fill, make([]batch, batches)...)
	return r
}

// fill copies records: the reader's are only good until it reads the next one. It waits for the first one only.
func (r *recordsAhead) fill(b batch) (batch, error) {
	b = batch{b.records[:0], b.bytes[:0]}
	for len(b.bytes) < batchSize {
		rec, err := r.follower.next(len(b.records) == 0)
		if err == errNotYet {
			break
		}
		if err != nil {
			return b, err
		}
		from := len(b.bytes)
		b.bytes = append(b.bytes, rec.Payload...) // where it moves, the records before keep the old bytes
		rec.Payload = b.bytes[from:len(b.bytes):len(b.bytes)]
		b.records = append(b.records, rec)
	}
	return b, nil
}

// Next gives io.EOF behind the last record of all. A record is good until the next call.
func (r *recordsAhead) Next() (txnlog.Record, error) {
	for r.at == len(r.batch.records) {
		if r.batch.records != nil {
			r.giveBack(r.batch)
			r.batch, r.at = batch{}, 0
		}
		b, err := r.next()
		if err != nil {
			return txnlog.Record{}, err
		}
		r.batch = b
	}
	r.at++
	return r.batch.records[r.at-1], nil
}

func (r *recordsAhead) close() error {
	r.end()
	r.ahead.close()
	return r.follower.close()
}
