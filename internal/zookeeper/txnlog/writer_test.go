package txnlog

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"
)

func TestWriterWritesTheHeaderThatZooKeeperWrites(t *testing.T) {
	var b bytes.Buffer
	w, err := NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	want := unhex(t, "5a4b4c47 00000002 0000000000000000")
	if !bytes.Equal(b.Bytes(), want) || w.Offset() != int64(len(want)) {
		t.Errorf("header %x, offset %d; want %x", b.Bytes(), w.Offset(), want)
	}
}

func TestWriterRefusesAPayloadThatIsNoTransaction(t *testing.T) {
	var b bytes.Buffer
	w, err := NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Append(make([]byte, minPayload-1)); err == nil {
		t.Error("a payload shorter than a header was written")
	}
	if err := w.Append(make([]byte, minPayload)); err != nil {
		t.Error(err)
	}
	if err := wantRecords(t, NewReader(bytes.NewReader(b.Bytes()), testName), 1); err != io.EOF {
		t.Error(err)
	}
}

// limited takes left bytes, then it is full.
type limited struct{ left int }

func (l *limited) Write(p []byte) (int, error) {
	n := min(len(p), l.left)
	l.left -= n
	if n < len(p) {
		return n, os.ErrDeadlineExceeded
	}
	return n, nil
}

func TestWriterPassesWriteErrorsOn(t *testing.T) {
	if _, err := NewWriter(&limited{left: 5}); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("header: %v", err)
	}
	w, err := NewWriter(&limited{left: 20})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Append(sets(1)[0]); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("record: %v", err)
	}
	if w.Offset() != 20 {
		t.Errorf("offset %d; want the 20 bytes written", w.Offset())
	}
}
