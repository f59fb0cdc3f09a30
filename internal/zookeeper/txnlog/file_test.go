package txnlog

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"testing"

	"github.com/zkark/zkark/internal/zookeeper"
)

const testName = "log.100000001"

// growing is a file whose visible part the test decides: the first size bytes are data, then come padding
// zeros. A test can change it between two reads.
type growing struct {
	data    []byte
	size    int
	padding int64
	onRead  func(off int64)
}

func (g *growing) ReadAt(p []byte, off int64) (int, error) {
	if g.onRead != nil {
		g.onRead(off)
	}
	total := int64(g.size) + g.padding
	if off >= total {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), total-off))
	clear(p[:n])
	if off < int64(g.size) {
		copy(p[:n], g.data[off:g.size])
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// fatal is what testing.TB and rapid.T have in common here.
type fatal interface {
	Helper()
	Fatal(args ...any)
}

// file makes a log file out of payloads and returns the offsets of its records, and of its end.
func file(t fatal, payloads ...[]byte) (data []byte, offsets []int64) {
	t.Helper()
	var b bytes.Buffer
	w, err := NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range payloads {
		offsets = append(offsets, w.Offset())
		if err := w.Append(p); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes(), append(offsets, w.Offset())
}

// sets makes n payloads with zxids 1:1, 1:2, ….
func sets(n int) [][]byte {
	payloads := make([][]byte, n)
	for i := range payloads {
		payloads[i] = Encode(Txn{
			Header: Header{Session: 7, Cxid: int32(i), Zxid: zookeeper.MakeZxid(1, uint32(i+1)), Type: TypeSetData},
			Body:   SetData{Path: "/a", Data: bytes.Repeat([]byte{byte(i), 0}, i%9), Version: int32(i)},
			Digest: &Digest{Version: digestLatest, Tree: uint64(i) << 40},
		})
	}
	return payloads
}

// readAll returns the zxids up to the first failure.
func readAll(r *Reader) (zxids []zookeeper.Zxid, err error) {
	for {
		rec, err := r.Next()
		if err != nil {
			return zxids, err
		}
		zxids = append(zxids, rec.Zxid)
	}
}

func wantRecords(t *testing.T, r *Reader, n int) error {
	t.Helper()
	zxids, err := readAll(r)
	if len(zxids) != n {
		t.Fatalf("read %d records, then %v; want %d records", len(zxids), err, n)
	}
	return err
}

func wantTorn(t *testing.T, err error, offset int64) {
	t.Helper()
	var torn *TornError
	if !errors.As(err, &torn) || torn.Offset != offset || torn.Name != testName {
		t.Fatalf("got %v; want a TornError of %s at offset %d", err, testName, offset)
	}
}

func wantCorrupt(t *testing.T, err error, offset, next int64) {
	t.Helper()
	var corrupt *CorruptError
	if !errors.As(err, &corrupt) || corrupt.Offset != offset || corrupt.Next != next || corrupt.Name != testName {
		t.Fatalf("got %v; want a CorruptError of %s at offset %d with a record at %d", err, testName, offset, next)
	}
}

// allocated is the number of bytes that f takes from the heap.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
