package jute

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrShort is wrapped when the bytes end before the value does.
var ErrShort = errors.New("value is cut short")

// Decoder takes values off the front of a byte slice. The first failure sticks: every later call returns a
// zero value, and Err tells what failed and at which offset. What it returns aliases the slice, and it never
// allocates more than the slice holds.
type Decoder struct {
	buf []byte
	off int
	err error
}

// NewDecoder reads from buf, which must not change while the decoder's results are in use.
func NewDecoder(buf []byte) *Decoder { return &Decoder{buf: buf} }

// Err is the first failure, nil when every value so far was whole.
func (d *Decoder) Err() error { return d.err }

// Offset is the number of bytes taken so far.
func (d *Decoder) Offset() int { return d.off }

// Remaining is the number of bytes not yet taken.
func (d *Decoder) Remaining() int { return len(d.buf) - d.off }

// Bool takes one byte; ZooKeeper reads everything but 0 as true.
func (d *Decoder) Bool() bool {
	b := d.take(1)
	return b != nil && b[0] != 0
}

// Int32 takes four bytes.
func (d *Decoder) Int32() int32 {
	if b := d.take(4); b != nil {
		return int32(binary.BigEndian.Uint32(b))
	}
	return 0
}

// Int64 takes eight bytes.
func (d *Decoder) Int64() int64 {
	if b := d.take(8); b != nil {
		return int64(binary.BigEndian.Uint64(b))
	}
	return 0
}

// Buffer takes a length and that many bytes: nil for null, empty but not nil for empty.
func (d *Decoder) Buffer() []byte {
	n := d.Int32()
	if d.err != nil || n == -1 {
		return nil
	}
	if n < -1 {
		d.Fail(fmt.Errorf("length %d at offset %d is negative", n, d.off-4))
		return nil
	}
	return d.take(int(n))
}

// String takes a length and that many bytes; null reads as "".
func (d *Decoder) String() string { return string(d.Buffer()) }

// VectorLen takes the length of a vector whose elements take at least min bytes each, so that a forged length
// cannot make the caller allocate more than the input holds. -1 is null.
func (d *Decoder) VectorLen(min int) int {
	n := d.Int32()
	switch {
	case d.err != nil:
		return 0
	case n < -1:
		d.Fail(fmt.Errorf("vector length %d at offset %d is negative", n, d.off-4))
		return 0
	case n > 0 && int64(n)*int64(min) > int64(d.Remaining()):
		d.Fail(fmt.Errorf("vector length %d at offset %d: %w", n, d.off-4, ErrShort))
		return 0
	}
	return int(n)
}

// PeekInt32 is the next four bytes without taking them, 0 when there are fewer.
func (d *Decoder) PeekInt32() int32 {
	if d.err != nil || d.Remaining() < 4 {
		return 0
	}
	return int32(binary.BigEndian.Uint32(d.buf[d.off:]))
}

// Rest takes everything left.
func (d *Decoder) Rest() []byte { return d.take(d.Remaining()) }

// take returns the next n bytes, never nil unless the decoder failed.
func (d *Decoder) take(n int) []byte {
	if d.err != nil {
		return nil
	}
	if n > d.Remaining() {
		d.Fail(fmt.Errorf("%d bytes wanted at offset %d of %d: %w", n, d.off, len(d.buf), ErrShort))
		return nil
	}
	b := d.buf[d.off : d.off+n : d.off+n]
	d.off += n
	return b
}

// Fail makes err the decoder's failure, unless it has failed before.
func (d *Decoder) Fail(err error) {
	if d.err == nil {
		d.err = err
	}
}
