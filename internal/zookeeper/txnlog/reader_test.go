package txnlog

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zkark/zkark/internal/zookeeper"
	"pgregory.net/rapid"
)

func TestReaderReturnsEveryRecordWithItsBytesAndOffset(t *testing.T) {
	payloads := sets(10)
	data, offsets := file(t, payloads...)
	r := NewReader(bytes.NewReader(data), testName)
	for i, want := range payloads {
		rec, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(rec.Payload, want) || rec.Offset != offsets[i] || rec.Name != testName {
			t.Errorf("record %d: %x at %s:%d; want %x at %d", i, rec.Payload, rec.Name, rec.Offset, want, offsets[i])
		}
		if rec.Offset+rec.Size() != r.Offset() {
			t.Errorf("record %d at %d has size %d, but the next one starts at %d", i, rec.Offset, rec.Size(), r.Offset())
		}
	}
	if _, err := r.Next(); err != io.EOF {
		t.Errorf("at the end: %v; want io.EOF", err)
	}
}

func TestReaderStartsAtAnyRecord(t *testing.T) {
	data, offsets := file(t, sets(10)...)
	for i, at := range offsets {
		r := NewReaderAt(bytes.NewReader(data), testName, at)
		if err := wantRecords(t, r, 10-i); err != io.EOF {
			t.Errorf("from offset %d: %v; want io.EOF", at, err)
		}
	}
}

func TestReaderTakesPaddingForTheEnd(t *testing.T) {
	data, offsets := file(t, sets(10)...)
	r := NewReader(&growing{data: data, size: len(data), padding: 64<<20 + 16 - int64(len(data))}, testName)
	if err := wantRecords(t, r, 10); err != io.EOF {
		t.Errorf("in front of the padding: %v; want io.EOF", err)
	}
	if r.Offset() != offsets[10] {
		t.Errorf("stopped at %d; want %d", r.Offset(), offsets[10])
	}
	if err := r.CheckEnd(); err != nil {
		t.Errorf("CheckEnd of a file with padding: %v", err)
	}
}

// A record becomes visible in arbitrary cuts: as a short file or, inside the padding, as zeros that turn
// into bytes.
func TestReaderStopsBeforeAHalfWrittenRecord(t *testing.T) {
	data, offsets := file(t, sets(5)...)
	for _, padding := range []int64{0, 3, 5000} {
		for cut := 0; cut <= len(data); cut++ {
			f := &growing{data: data, size: cut, padding: padding}
			if cut < headerSize {
				f.padding = 0
			}
			whole := 0
			for whole < 5 && offsets[whole+1] <= int64(cut) {
				whole++
			}
			r := NewReader(f, testName)
			err := wantRecords(t, r, whole)
			if err != io.EOF {
				wantTorn(t, err, map[bool]int64{true: 0, false: offsets[whole]}[cut < headerSize])
			}
			if err := r.CheckEnd(); err != nil {
				t.Fatalf("cut at %d, padding %d: CheckEnd: %v", cut, padding, err)
			}
			f.size = len(data)
			if err := wantRecords(t, r, 5-whole); err != io.EOF {
				t.Fatalf("cut at %d, padding %d, after it grew: %v; want io.EOF", cut, padding, err)
			}
		}
	}
}

func TestReaderKeepsUpWithAFileThatGrowsInAnySteps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var payloads [][]byte
		for range rapid.IntRange(1, 5).Draw(t, "records") {
			size := rapid.OneOf(rapid.IntRange(0, 300), rapid.IntRange(tailSize-200, tailSize+200),
				rapid.IntRange(bufferSize-200, bufferSize+200)).Draw(t, "size")
			fill := rapid.Byte().Draw(t, "fill")
			payloads = append(payloads, append(sets(1)[0], bytes.Repeat([]byte{fill}, size)...))
		}
		data, offsets := file(t, payloads...)
		f := &growing{data: data, padding: rapid.SampledFrom([]int64{0, 100, 1 << 16}).Draw(t, "padding")}
		r := NewReader(f, testName)
		read := 0
		for f.size < len(data) {
			f.size = rapid.IntRange(max(f.size, headerSize), len(data)).Draw(t, "grown to")
			zxids, _ := readAll(r)
			read += len(zxids)
			if offsets[read] != r.Offset() || read < len(payloads) && offsets[read+1] <= int64(f.size) {
				t.Fatalf("%d bytes there, read %d records up to %d of %v", f.size, read, r.Offset(), offsets)
			}
		}
	})
}

func TestReaderWaitsForTheFileHeader(t *testing.T) {
	data, _ := file(t, sets(1)...)
	for n := range headerSize {
		f := &growing{data: data, size: n}
		r := NewReader(f, testName)
		_, err := r.Next()
		if n == 0 && err != io.EOF {
			t.Errorf("empty file: %v; want io.EOF", err)
		}
		if n > 0 {
			wantTorn(t, err, 0)
		}
		if err := r.CheckEnd(); err != nil {
			t.Errorf("CheckEnd of %d bytes of header: %v", n, err)
		}
		f.size = len(data)
		if err := wantRecords(t, r, 1); err != io.EOF {
			t.Errorf("after %d bytes of header grew to a file: %v", n, err)
		}
	}
}

func TestReaderRefusesAFileWithAnotherMagic(t *testing.T) {
	for name, data := range map[string][]byte{
		"snapshot": []byte("ZKSN\x00\x00\x00\x02\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00"),
		"zeros":    make([]byte, 100),
	} {
		_, err := NewReader(bytes.NewReader(data), testName).Next()
		var format *FormatError
		if !errors.As(err, &format) || format.Offset != 0 || !strings.Contains(err.Error(), testName) {
			t.Errorf("%s: %v; want a FormatError that names the file", name, err)
		}
	}
}

func TestReaderIgnoresTheVersionInTheFileHeader(t *testing.T) {
	data, _ := file(t, sets(2)...)
	data[7] = 9
	if err := wantRecords(t, NewReader(bytes.NewReader(data), testName), 2); err != io.EOF {
		t.Errorf("version 9: %v; want io.EOF", err)
	}
}

// Every part of a record that can be damaged, with good records behind it or with nothing.
func TestReaderTellsCorruptionFromATornTail(t *testing.T) {
	damages := map[string]func(record []byte){
		"checksum":           func(b []byte) { b[7] ^= 1 },
		"checksum's top":     func(b []byte) { b[0] = 1 },
		"payload":            func(b []byte) { b[20] ^= 0x80 },
		"end byte":           func(b []byte) { b[len(b)-1] = 0 },
		"length too small":   func(b []byte) { binary.BigEndian.PutUint32(b[8:], 31) },
		"length 0":           func(b []byte) { binary.BigEndian.PutUint32(b[8:], 0) },
		"length negative":    func(b []byte) { b[8] = 0xff },
		"length past end":    func(b []byte) { b[8] = 0x7f },
		"length a bit small": func(b []byte) { b[11] -= 3 },
		"length a bit large": func(b []byte) { b[11] += 3 },
	}
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			data, offsets := file(t, sets(6)...)
			damage(data[offsets[3]:offsets[4]])
			err := wantRecords(t, NewReader(bytes.NewReader(data), testName), 3)
			wantCorrupt(t, err, offsets[3], offsets[4])

			tail := &growing{data: data, size: int(offsets[4]), padding: 70000}
			r := NewReader(tail, testName)
			wantTorn(t, wantRecords(t, r, 3), offsets[3])
			if err := r.CheckEnd(); err != nil {
				t.Errorf("CheckEnd with nothing behind: %v", err)
			}
		})
	}
}

// The server can complete a record, and write the next, between two reads of the reader.
func TestReaderLooksAgainBeforeItCallsARecordCorrupt(t *testing.T) {
	data, offsets := file(t, sets(3)...)
	whole := bytes.Clone(data)
	clear(data[offsets[1]+20 : offsets[2]])
	f := &growing{data: data, size: len(data)}
	f.onRead = func(off int64) {
		if off >= offsets[2] {
			f.data = whole
		}
	}
	if err := wantRecords(t, NewReader(f, testName), 3); err != io.EOF {
		t.Errorf("a record completed while the reader looked: %v; want io.EOF", err)
	}
}

func TestReaderTakesRecordsOfAnySizeThatTheFileHolds(t *testing.T) {
	for _, size := range []int{tailSize, bufferSize - frameSize, bufferSize - frameSize + 1, 1 << 20, 24 << 20} {
		large := append(sets(1)[0], make([]byte, size-len(sets(1)[0]))...)
		data, offsets := file(t, sets(1)[0], large, sets(1)[0])
		r := NewReader(bytes.NewReader(data), testName)
		if err := wantRecords(t, r, 3); err != io.EOF {
			t.Errorf("payload of %d bytes: %v", size, err)
		}
		data[offsets[2]-100] ^= 1
		err := wantRecords(t, NewReader(bytes.NewReader(data), testName), 1)
		wantCorrupt(t, err, offsets[1], offsets[2])
	}
}

func TestReaderAllocatesNothingForAForgedLength(t *testing.T) {
	data, offsets := file(t, sets(2)...)
	binary.BigEndian.PutUint32(data[offsets[1]+8:], math.MaxInt32)
	got := allocated(func() {
		wantTorn(t, wantRecords(t, NewReader(bytes.NewReader(data), testName), 1), offsets[1])
	})
	if got > 2*bufferSize {
		t.Errorf("a length of 2 GiB in a file of %d bytes made the reader allocate %d bytes", len(data), got)
	}
}

func TestReaderAllocatesNothingPerRecord(t *testing.T) {
	data, _ := file(t, sets(2000)...)
	r := NewReader(bytes.NewReader(data), testName)
	if _, err := r.Next(); err != nil {
		t.Fatal(err)
	}
	allocs := testing.AllocsPerRun(1000, func() {
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations per record", allocs)
	}
}

type failing struct{ err error }

func (f failing) ReadAt([]byte, int64) (int, error) { return 0, f.err }

func TestReaderPassesReadErrorsOnWithFileAndOffset(t *testing.T) {
	r := NewReaderAt(failing{os.ErrPermission}, testName, 4096)
	for _, err := range []error{func() error { _, err := r.Next(); return err }(), r.CheckEnd()} {
		if !errors.Is(err, os.ErrPermission) || !strings.Contains(err.Error(), testName) || !strings.Contains(err.Error(), "offset") {
			t.Errorf("got %v; want the read's error with file and offset", err)
		}
	}
}

func TestReaderReadsAFileOnDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), testName)
	data, offsets := file(t, sets(3)...)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 64<<20+16); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := NewReader(f, testName)
	if err := wantRecords(t, r, 3); err != io.EOF || r.Offset() != offsets[3] {
		t.Errorf("stopped at %d with %v", r.Offset(), err)
	}
	if err := r.CheckEnd(); err != nil {
		t.Error(err)
	}
}

func ExampleReader() {
	var b bytes.Buffer
	w, err := NewWriter(&b)
	if err != nil {
		fmt.Println(err)
		return
	}
	err = w.Append(Encode(Txn{
		Header: Header{Session: 1, Cxid: 1, Zxid: zookeeper.MakeZxid(1, 1), Type: TypeDelete},
		Body:   Delete{Path: "/old"},
	}))
	if err != nil {
		fmt.Println(err)
		return
	}
	r := NewReader(bytes.NewReader(b.Bytes()), "log.100000001")
	for {
		rec, err := r.Next()
		if err != nil {
			fmt.Println(err)
			return
		}
		txn, err := rec.Decode()
		fmt.Println(rec.Zxid, txn.Body, err)
	}
	// Output:
	// 0x100000001 {/old} <nil>
	// EOF
}
