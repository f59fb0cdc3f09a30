package txnlog

import (
	"bufio"
	"encoding/binary"
	"hash/adler32"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/zkark/zkark/internal/zookeeper"
)

// benchSize is the size in bytes of the log that the benchmarks read: 1 GiB, or ZKARK_BENCH_LOG_BYTES.
func benchSize(b *testing.B) int64 {
	s := os.Getenv("ZKARK_BENCH_LOG_BYTES")
	if s == "" {
		return 1 << 30
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		b.Fatalf("ZKARK_BENCH_LOG_BYTES: %v", err)
	}
	return n
}

// benchPayload is a setData that takes 150 bytes in the log.
func benchPayload(i uint32) []byte {
	data := make([]byte, 57)
	for j := range data {
		data[j] = byte(i>>(j%4*8)) + byte(j*37)
	}
	return Encode(Txn{
		Header: Header{Session: 0x100002a6aa00000, Cxid: int32(i), Zxid: zookeeper.MakeZxid(1, i), Time: 1700000000000, Type: TypeSetData},
		Body:   SetData{Path: "/application/config/0001", Data: data, Version: int32(i)},
		Digest: &Digest{Version: digestLatest, Tree: uint64(i) * 0x9e3779b97f4a7c15},
	})
}

// benchLog writes a log of the wanted size.
func benchLog(b *testing.B) *os.File {
	b.Helper()
	f, err := os.Create(filepath.Join(b.TempDir(), testName))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { f.Close() })
	buf := bufio.NewWriterSize(f, 1<<20)
	w, err := NewWriter(buf)
	if err != nil {
		b.Fatal(err)
	}
	for i, size := uint32(1), benchSize(b); w.Offset() < size; i++ {
		if err := w.Append(benchPayload(i)); err != nil {
			b.Fatal(err)
		}
	}
	if err := buf.Flush(); err != nil {
		b.Fatal(err)
	}
	return f
}

// scan reads records until limit bytes are done, and reports false at the end of the file.
func scan(b *testing.B, r *Reader, limit int64) bool {
	for end := r.Offset() + limit; r.Offset() < end; {
		if _, err := r.Next(); err == io.EOF {
			return false
		} else if err != nil {
			b.Fatal(err)
		}
	}
	return true
}

// hashAll is what a scan is measured against: the checksums of the same records, in memory, and nothing else.
func hashAll(b []byte) (sum uint32) {
	for len(b) > 0 {
		n := prefixSize + binary.BigEndian.Uint32(b[8:])
		sum += adler32.Checksum(b[prefixSize:n])
		b = b[n+1:]
	}
	return sum
}

// hashPart is how much of the log hashAll gets at once.
const hashPart = 64 << 20

// BenchmarkScan reads a log out of the page cache and checks every record (records), hashes the same records
// with hash/adler32 in memory (adler32), and does both in turns in one run, so that they see the same machine
// (ratio: the speed of the scan divided by that of the bare hash).
func BenchmarkScan(b *testing.B) {
	f := benchLog(b)
	r := NewReader(f, testName)
	for scan(b, r, math.MaxInt32) {
	}
	size := r.Offset() - headerSize
	b.Run("records", func(b *testing.B) {
		b.SetBytes(size)
		b.ReportAllocs()
		for b.Loop() {
			for r := NewReader(f, testName); scan(b, r, math.MaxInt32); {
			}
		}
	})
	b.Run("adler32", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			b.StopTimer()
			alternate(b, f, func(func()) {}, func(hash func()) { b.StartTimer(); hash(); b.StopTimer() })
			b.StartTimer()
		}
	})
	b.Run("ratio", func(b *testing.B) {
		var scanned, hashed time.Duration
		for b.Loop() {
			alternate(b, f, stopwatch(&scanned), stopwatch(&hashed))
		}
		b.ReportMetric(hashed.Seconds()/scanned.Seconds(), "ratio")
	})
}

func stopwatch(total *time.Duration) func(func()) {
	return func(f func()) {
		start := time.Now()
		f()
		*total += time.Since(start)
	}
}

// alternate goes through f in parts and runs, for each, the scan and the bare hash under the given timers.
func alternate(b *testing.B, f *os.File, timeScan, timeHash func(func())) {
	buf := make([]byte, hashPart+1<<20)
	r := NewReader(f, testName)
	for more := true; more; {
		from := r.Offset()
		next := NewReaderAt(f, testName, from)
		more = scan(b, next, hashPart)
		timeScan(func() { scan(b, NewReaderAt(f, testName, from), hashPart) })
		part := buf[:next.Offset()-from]
		if _, err := f.ReadAt(part, from); err != nil {
			b.Fatal(err)
		}
		timeHash(func() { hashAll(part) })
		r = next
	}
}

// BenchmarkDecode decodes the payload of a setData with a digest.
func BenchmarkDecode(b *testing.B) {
	rec := Record{Payload: benchPayload(7), Name: testName}
	b.SetBytes(int64(len(rec.Payload)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := rec.Decode(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkEncode is the reverse.
func BenchmarkEncode(b *testing.B) {
	txn, err := Record{Payload: benchPayload(7), Name: testName}.Decode()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		Encode(txn)
	}
}
