package txnlog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/adler32"
	"io"
)

const (
	// bufferSize is how much of the file a Reader takes at once; it stays in a core's second-level cache.
	bufferSize = 256 << 10
	// tailSize is how much it takes after the end of what is written, where there is likely little more.
	tailSize = 16 << 10
)

// Reader takes records off a log file that may still be growing. It is for one goroutine.
//
// What it says about the end of the file is always based on bytes read in the same call, never on bytes that
// were buffered earlier. It holds one buffer, and one more as large as the largest record once that
// is larger than the buffer; a length that the file cannot hold is never believed.
type Reader struct {
	f    io.ReaderAt
	name string
	buf  []byte // bytes of the file from base on, in mem
	base int64
	pos  int    // buf[pos:] is not consumed
	mem  []byte // bufferSize bytes
	big  []byte // for a record that is larger
	want int    // how much to read next, at most bufferSize
	head bool   // the file header has been read and is good
}

// NewReader reads f from its first record. The name is for messages. Nothing is read before the first Next.
func NewReader(f io.ReaderAt, name string) *Reader { return NewReaderAt(f, name, headerSize) }

// NewReaderAt reads f from offset, where a record must start: a Record's offset and size, or Reader.Offset.
func NewReaderAt(f io.ReaderAt, name string, offset int64) *Reader {
	return &Reader{f: f, name: name, base: max(offset, headerSize), want: bufferSize}
}

// Offset is where the next record starts: all bytes before it, from the start of the reader, were good records.
func (r *Reader) Offset() int64 { return r.base + int64(r.pos) }

// Next returns the next record, good until the next call. It fails with
//
//	io.EOF         at the end of the file or of what the server has written so far
//	*TornError     before a record, or a file header, that is not complete yet
//	*CorruptError  before a bad record that has a good one behind it
//	*FormatError   when the file is not a transaction log
//
// or with the error of the read. After any of them the reader is where it was, and Next looks again.
func (r *Reader) Next() (rec Record, err error) {
	if r.take(&rec) {
		return rec, nil
	}
	if err := r.fill(); err != nil {
		return Record{}, err
	}
	if r.take(&rec) {
		r.want = min(2*r.want, bufferSize)
		return rec, nil
	}
	if rec, err = r.judge(); err != nil {
		r.want = tailSize
	}
	return rec, err
}

// take sets rec to the next record if the buffer holds all of it and it is good. A million records a second
// pass through here, so it writes to the caller's result and leaves everything rare to others.
func (r *Reader) take(rec *Record) bool {
	payload := goodPayload(r.buf[r.pos:])
	if payload == nil {
		return false
	}
	rec.Header = parseHeader(payload)
	rec.Payload = payload
	rec.Name = r.name
	rec.Offset = r.base + int64(r.pos)
	r.pos += len(payload) + frameSize
	return true
}

// goodPayload returns the payload of the record at the start of b, nil if it is not all there or not good.
func goodPayload(b []byte) []byte {
	if len(b) < frameSize+minPayload {
		return nil
	}
	n := int(int32(binary.BigEndian.Uint32(b[8:])))
	if n < minPayload || n > len(b)-frameSize || b[prefixSize+n] != endOfRecord {
		return nil
	}
	payload := b[prefixSize : prefixSize+n : prefixSize+n]
	if uint64(adler32.Checksum(payload)) != binary.BigEndian.Uint64(b) {
		return nil
	}
	return payload
}

// fill reads the buffer anew from the next record on.
func (r *Reader) fill() error {
	if err := r.open(); err != nil {
		return err
	}
	if r.mem == nil {
		r.mem = make([]byte, bufferSize)
	}
	at := r.Offset()
	r.base, r.pos, r.buf = at, 0, nil
	n, err := r.readAt(r.mem[:r.want], at)
	if err != nil {
		return err
	}
	r.buf = r.mem[:n]
	return nil
}

// open refuses a file that is no transaction log. The server writes the header in one piece, but a file that
// was just created is empty for a moment, and one whose server died may stay short.
func (r *Reader) open() error {
	if r.head {
		return nil
	}
	var head [headerSize]byte
	n, err := r.readAt(head[:], 0)
	switch {
	case err != nil:
		return err
	case n == 0:
		return io.EOF
	case n < headerSize:
		return &TornError{Name: r.name, Reason: fmt.Sprintf("%d of the %d bytes of a file header", n, headerSize)}
	case string(head[:len(fileMagic)]) != fileMagic:
		return &FormatError{Name: r.name, Reason: fmt.Sprintf("not a transaction log: it starts with %x, not %q",
			head[:len(fileMagic)], fileMagic)}
	}
	r.head = true
	return nil
}

// judge says why there is no good record at the start of the freshly filled buffer.
func (r *Reader) judge() (Record, error) {
	b := r.buf
	if len(b) < prefixSize {
		if zeros(b) == len(b) {
			return Record{}, io.EOF
		}
		return r.bad("the file ends in front of its length")
	}
	if zeros(b[:prefixSize]) == prefixSize {
		return Record{}, io.EOF
	}
	n := int(int32(binary.BigEndian.Uint32(b[8:])))
	switch {
	case n == 0:
		return r.bad("a checksum without a length")
	case n < minPayload:
		return r.bad(fmt.Sprintf("length %d, and the smallest transaction has %d bytes", n, minPayload))
	case n+frameSize > len(b) && len(b) < r.want:
		return r.bad(fmt.Sprintf("length %d, and the file ends %d bytes on", n, len(b)-prefixSize))
	case n+frameSize > len(b) && r.want < bufferSize:
		r.want = bufferSize
		return r.Next()
	case n+frameSize > len(b):
		return r.nextLarge(n)
	case b[prefixSize+n] != endOfRecord:
		return r.bad("the end byte is missing")
	}
	return r.bad("the checksum does not match")
}

// nextLarge takes a record that is larger than the buffer. It looks for the end byte first, so that memory is
// taken only for a length that the file holds.
func (r *Reader) nextLarge(n int) (Record, error) {
	at, size := r.Offset(), n+frameSize
	var end [1]byte
	switch got, err := r.readAt(end[:], at+int64(size)-1); {
	case err != nil:
		return Record{}, err
	case got == 0:
		return r.bad(fmt.Sprintf("length %d, and the file ends before that", n))
	case end[0] != endOfRecord:
		return r.bad("the end byte is missing")
	}
	if cap(r.big) < size {
		r.big = make([]byte, size)
	}
	got, err := r.readAt(r.big[:size], at)
	if err != nil {
		return Record{}, err
	}
	payload := goodPayload(r.big[:got])
	if payload == nil {
		return r.bad("the checksum does not match")
	}
	r.base, r.pos, r.buf = at+int64(size), 0, nil
	return Record{Header: parseHeader(payload), Payload: payload, Name: r.name, Offset: at}, nil
}

// bad decides between a record that may become whole and one that never will.
func (r *Reader) bad(reason string) (Record, error) {
	at := r.Offset()
	next, found, err := r.follower()
	if err != nil {
		return Record{}, err
	}
	if !found {
		return Record{}, &TornError{Name: r.name, Offset: at, Reason: reason}
	}
	// The server may have completed this record and the next one between our two looks.
	again, err := r.good(at)
	if err != nil {
		return Record{}, err
	}
	if again {
		return r.Next()
	}
	return Record{}, &CorruptError{Name: r.name, Offset: at, Next: next, Reason: reason}
}

// readAt reads what there is of p at offset; n is less than len(p) only at the end of the file.
func (r *Reader) readAt(p []byte, offset int64) (n int, err error) {
	n, err = r.f.ReadAt(p, offset)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, fmt.Errorf("read %s at offset %d: %w", r.name, offset, err)
	}
	return n, nil
}
