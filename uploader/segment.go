package uploader

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/store"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

// shipRange archives the records of a range of a run, in as many segments as it takes.
func (u *Uploader) shipRange(ctx context.Context, run Run, missing archive.Range, shipped func(archive.Segment)) (err error) {
	records, err := run.Open(ctx, missing.First)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, records.Close()) }()
	c := cutter{records: records, upTo: missing.Last, limit: u.SegmentBytes}
	s := u.segmentFrom(run, missing.First)
	var log bytes.Buffer
	log.Grow(int(min(run.Bytes(missing.First), u.SegmentBytes)) + 1<<10)
	for next := missing.First; next <= missing.Last; next = s.Last + 1 {
		log.Reset()
		if err := c.cut(&s, &log); err != nil {
			return err
		}
		if s.First != next {
			return fmt.Errorf("the log goes on with %s where %s should be", s.First, next)
		}
		if err := u.putSegment(ctx, &s, log.Bytes()); err != nil {
			return err
		}
		shipped(s)
		s.Prev, s.Linked = s.Last, true
	}
	return nil
}

// segmentFrom is a segment of which only is known what its first record follows.
func (u *Uploader) segmentFrom(run Run, first zookeeper.Zxid) archive.Segment {
	if first == run.First {
		return archive.Segment{Prev: run.Prev, Linked: run.Linked, Source: u.Source, Encrypted: u.encrypts()}
	}
	return archive.Segment{Prev: first - 1, Linked: true, Source: u.Source, Encrypted: u.encrypts()}
}

// putSegment archives one log file, and gives the segment its hash and size.
func (u *Uploader) putSegment(ctx context.Context, s *archive.Segment, log []byte) error {
	meta, err := u.meta(ctx, zookeeper.LogName(s.First), zookeeper.Plain)
	if err != nil {
		return err
	}
	s.Hash = meta.ContentHash(sha256.Sum256(log))
	var object bytes.Buffer
	object.Grow(len(log) / 4)
	if err := u.encode(&object, meta, log); err != nil {
		return err
	}
	s.Size = int64(object.Len())
	return u.put(ctx, s.Key(), store.BytesBody(object.Bytes()))
}

func (u *Uploader) encode(w io.Writer, m archive.Meta, file []byte) error {
	e, err := archive.NewEncoder(w, m, u.Recipients...)
	if err != nil {
		return err
	}
	if _, err := e.Write(file); err != nil {
		return err
	}
	return e.Close()
}

// put creates an object of the timeline. Names carry a hash of the content, so one that is there already is ours, from a
// try whose answer was lost.
func (u *Uploader) put(ctx context.Context, key string, body store.Body) error {
	if err := u.Bucket.Put(ctx, u.prefix()+key, body); err != nil && !errors.Is(err, store.ErrExists) {
		return err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.changes++
	u.view.add(archive.Object{Key: key, Size: body.Size})
	return nil
}

// cutter cuts log files out of a row of records.
type cutter struct {
	records Records
	upTo    zookeeper.Zxid
	limit   int64

	rec  txnlog.Record // the next one, if have
	have bool
}

// cut writes a log file of the next records to out, and tells in s what it holds. At least one record goes in. The harmless
// repeats of a zxid stay with the record that they repeat.
func (c *cutter) cut(s *archive.Segment, out io.Writer) error {
	w, err := txnlog.NewWriter(out)
	if err != nil {
		return err
	}
	for empty := true; ; empty = false {
		if err := c.peek(); err == io.EOF && !empty {
			break
		} else if err != nil {
			return noEOF(err)
		}
		full := w.Offset()+c.rec.Size() > c.limit && c.rec.Zxid != s.Last
		if !empty && (full || c.rec.Zxid > c.upTo) {
			break
		}
		if err := w.Append(c.rec.Payload); err != nil {
			return err
		}
		at := time.UnixMilli(c.rec.Time)
		if empty {
			s.First, s.FirstTime = c.rec.Zxid, at
		}
		if empty || c.rec.Zxid != s.Last {
			s.Last, s.LastTime = c.rec.Zxid, at
		}
		c.have = false
	}
	return nil
}

func (c *cutter) peek() (err error) {
	if c.have {
		return nil
	}
	c.rec, err = c.records.Next()
	c.have = err == nil
	return err
}

func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
