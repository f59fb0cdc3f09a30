package txnlog

import (
	"encoding/binary"
	"fmt"
	"hash/adler32"
	"io"
	"math"
)

// Writer writes a log file that ZooKeeper reads: a header, then one record for each Append, without padding.
// It does not buffer: every call of Append is one Write of the whole record.
type Writer struct {
	w   io.Writer
	buf []byte
	off int64
}

// NewWriter writes the file header to w.
func NewWriter(w io.Writer) (*Writer, error) {
	if _, err := io.WriteString(w, header); err != nil {
		return nil, fmt.Errorf("write log header: %w", err)
	}
	return &Writer{w: w, off: headerSize}, nil
}

// Append writes one record around payload, which is a Record.Payload or the result of Encode. A payload that
// is shorter than a transaction header or too long for the length field is refused.
func (w *Writer) Append(payload []byte) error {
	if len(payload) < minPayload || len(payload) > math.MaxInt32 {
		return fmt.Errorf("append record at offset %d: payload of %d bytes, want %d to %d",
			w.off, len(payload), minPayload, math.MaxInt32)
	}
	w.buf = appendRecord(w.buf[:0], payload)
	n, err := w.w.Write(w.buf)
	w.off += int64(n)
	if err != nil {
		return fmt.Errorf("append record at offset %d: %w", w.off-int64(n), err)
	}
	return nil
}

// Offset is the size of the file so far.
func (w *Writer) Offset() int64 { return w.off }

func appendRecord(b, payload []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(adler32.Checksum(payload)))
	b = binary.BigEndian.AppendUint32(b, uint32(len(payload)))
	b = append(b, payload...)
	return append(b, endOfRecord)
}
