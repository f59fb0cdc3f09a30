package snapshot

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/adler32"
	"io"
)

// windowSize is how many bytes are read at a time.
const windowSize = 256 << 10

// window shows the uncompressed bytes of a snapshot piece by piece, and sums and copies what was taken.
//
// It grows for a value longer than itself, but only to twice what was really read, so that a forged
// length costs no more memory than the input holds.
type window struct {
	src      io.Reader
	buf      []byte
	off, end int   // buf[off:end] is read and not yet taken
	start    int64 // offset of buf[0] in the snapshot
	settled  int   // buf[:settled] is in sum and in tee
	sum      hash.Hash32
	tee      io.Writer // nil when nobody wants the bytes
}

func newWindow(src io.Reader, tee io.Writer) *window {
	return &window{src: src, buf: make([]byte, windowSize), sum: adler32.New(), tee: tee}
}

// offset is where the next byte to be taken is.
func (w *window) offset() int64 { return w.start + int64(w.off) }

// readEnd is where the bytes end that were read so far.
func (w *window) readEnd() int64 { return w.start + int64(w.end) }

// want makes the next n bytes visible, as buf[off:off+n]. What was visible before may move.
// It returns io.EOF when the snapshot ends before them.
func (w *window) want(n int) error {
	for w.end-w.off < n {
		if err := w.fill(n); err != nil {
			return err
		}
	}
	return nil
}

// take returns the next n bytes, good until the next want.
func (w *window) take(n int) ([]byte, error) {
	if err := w.want(n); err != nil {
		return nil, err
	}
	b := w.buf[w.off : w.off+n : w.off+n]
	w.off += n
	return b, nil
}

func (w *window) int32() (int32, error) {
	b, err := w.take(4)
	if err != nil {
		return 0, err
	}
	return int32(binary.BigEndian.Uint32(b)), nil
}

func (w *window) int64() (int64, error) {
	b, err := w.take(8)
	if err != nil {
		return 0, err
	}
	return int64(binary.BigEndian.Uint64(b)), nil
}

// fill reads once more, after making room for the n bytes from off.
func (w *window) fill(n int) error {
	if w.off+n > len(w.buf) || w.end == len(w.buf) {
		if err := w.slide(); err != nil {
			return err
		}
	}
	if w.end == len(w.buf) {
		grown := make([]byte, min(n, 2*len(w.buf)))
		copy(grown, w.buf)
		w.buf = grown
	}
	for range 100 {
		m, err := w.src.Read(w.buf[w.end:])
		w.end += m
		if m > 0 {
			return nil // an error that came with bytes comes again without
		}
		if err != nil {
			return err
		}
	}
	return io.ErrNoProgress
}

// slide moves what is not yet taken to the front.
func (w *window) slide() error {
	if err := w.settle(); err != nil {
		return err
	}
	copy(w.buf, w.buf[w.off:w.end])
	w.start += int64(w.off)
	w.end -= w.off
	w.off, w.settled = 0, 0
	return nil
}

// settle sums and copies the bytes taken since the last time.
func (w *window) settle() error {
	b := w.buf[w.settled:w.off]
	w.settled = w.off
	w.sum.Write(b)
	if w.tee == nil {
		return nil
	}
	if _, err := w.tee.Write(b); err != nil {
		return &copyError{err}
	}
	return nil
}

// copyError keeps a failure of the copy apart from failures of the input.
type copyError struct{ err error }

func (e *copyError) Error() string { return fmt.Sprintf("write the copy: %v", e.err) }
func (e *copyError) Unwrap() error { return e.err }

// input remembers how the caller's reader failed, so that its failures can be told from those of the bytes.
type input struct {
	r   io.Reader
	err error
}

func (in *input) Read(p []byte) (int, error) {
	n, err := in.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		in.err = err
	}
	return n, err
}
