package inspect

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

// totals is what a log held altogether.
type totals struct {
	records     int
	first, last zookeeper.Zxid
	newest, end int64 // offsets of the start of the last record, and behind it
}

// logView shows the records of one log, and goes on behind what is bad in it.
type logView struct {
	file io.ReaderAt
	path string
	out  printer
	note func(string)
	r    *txnlog.Reader
	totals
	bad error // the newest thing that is wrong with the file; earlier ones became notes
}

func newLogView(file io.ReaderAt, path string, p printer, o Options) *logView {
	return &logView{file: file, path: path, out: p, note: o.Note, r: txnlog.NewReader(file, path)}
}

// showLog shows a log that is not followed: its end is proven to be one.
func showLog(ctx context.Context, p printer, in *input, o Options) error {
	v := newLogView(in.File, in.path, p, o)
	for {
		err := v.toEnd(ctx)
		if err != nil && !v.tail(err) {
			return err
		}
		hidden := v.r.CheckEnd()
		var corrupt *txnlog.CorruptError
		if errors.As(hidden, &corrupt) {
			v.skip(corrupt)
			continue
		}
		size, sizeErr := in.Seek(0, io.SeekEnd)
		return errors.Join(v.bad, hidden, sizeErr, v.judgeTail(err, size), v.out.endOfLog(v.totals))
	}
}

// toEnd shows records up to the end of what there is: nil, or a *TornError where a record is incomplete. Other errors are
// failures.
func (v *logView) toEnd(ctx context.Context) error {
	for {
		rec, err := v.r.Next()
		var corrupt *txnlog.CorruptError
		switch {
		case err == io.EOF:
			return nil
		case errors.As(err, &corrupt):
			v.skip(corrupt)
			continue
		case err != nil:
			return err
		}
		if err := v.show(rec); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("%s: %w", v.path, err)
		}
	}
}

func (v *logView) show(rec txnlog.Record) error {
	shown, err := newRecord(escaped(v.path), rec)
	if err != nil {
		v.wrong(err)
	}
	if v.records == 0 {
		v.first = rec.Zxid
	}
	v.records++
	v.last, v.newest, v.end = rec.Zxid, rec.Offset, rec.Offset+rec.Size()
	return v.out.record(shown)
}

// skip goes on with the good record behind a bad one.
func (v *logView) skip(corrupt *txnlog.CorruptError) {
	v.wrong(corrupt)
	v.r = txnlog.NewReaderAt(v.file, v.path, corrupt.Next)
}

func (v *logView) wrong(err error) {
	if v.bad != nil {
		v.note(v.bad.Error())
	}
	v.bad = err
}

func (v *logView) tail(err error) bool {
	var torn *txnlog.TornError
	return errors.As(err, &torn)
}

// judgeTail decides what an incomplete record at the end means. A server that was killed leaves one inside the space it had
// reserved, which is normal and a note; where the file itself stops short, something cut it off, which is an error.
func (v *logView) judgeTail(err error, size int64) error {
	var torn *txnlog.TornError
	if !errors.As(err, &torn) {
		return nil
	}
	if torn.Offset == 0 {
		return fmt.Errorf("%s: ends in the middle of the file header, after %d bytes", v.path, size)
	}
	sentence := fmt.Sprintf("%s: ends in the middle of a record at offset %d", v.path, torn.Offset)
	if v.cutOff(torn.Offset, size) {
		return fmt.Errorf("%s: the file is cut off after %d bytes", sentence, size)
	}
	v.note(sentence)
	return nil
}

// cutOff says whether the file is too short for the record at offset: for its checksum and length, or for what its length says.
func (v *logView) cutOff(offset, size int64) bool {
	const prefix, frame = 12, 13
	var head [prefix]byte
	if n, _ := v.file.ReadAt(head[:], offset); n < prefix {
		return true
	}
	return offset+frame+int64(int32(binary.BigEndian.Uint32(head[8:]))) > size
}
