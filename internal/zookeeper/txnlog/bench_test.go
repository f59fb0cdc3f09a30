package txnlog

import (
	"bufio"
	"encoding/binary"
	"hash/adler32"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
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

// benchPayload is a setData of 137 bytes, 150 with its frame.
func benchPayload(zxid uint64) []byte {
	t := Txn{
		Header: Header{Session: 0x1000000000, Cxid: int32(zxid), Zxid: 1<<32 | 1, Time: 1700000000000, Type: TypeSetData},
		Body:   SetData{Path: "/application/config/0001", Data: make([]byte, 57), Version: int32(zxid)},
		Digest: &Digest{Version: digestLatest, Tree: zxid * 0x9e3779b97f4a7c15},
	}
	data := t.Body.(SetData).Data
	for i := range data {
		data[i] = byte(zxid>>(i%4*8)) + byte(i*37)
	}
	t.Zxid += 1
	return Encode(t)
}

// benchLog writes a log of the wanted size once and keeps it for all benchmarks of b's run.
func benchLog(b *testing.B) *os.File {
	b.Helper()
	path := filepath.Join(b.TempDir(), "log.100000001")
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { f.Close() })
	buf := bufio.NewWriterSize(f, 1<<20)
	w, err := NewWriter(buf)
	if err != nil {
		b.Fatal(err)
	}
	for i, size := uint64(1), benchSize(b); w.Offset() < size; i++ {
		if err := w.Append(benchPayload(i)); err != nil {
			b.Fatal(err)
		}
	}
	if err := buf.Flush(); err != nil {
		b.Fatal(err)
	}
	return f
}

func scan(b *testing.B, f *os.File) (bytes int64) {
	r := NewReader(f, f.Name())
	for {
		rec, err := r.Next()
		if err == io.EOF {
			return bytes
		}
		if err != nil {
			b.Fatal(err)
		}
		bytes += rec.Size()
	}
}

// BenchmarkScan reads a log from the page cache, checks every record, and for comparison hashes the same
// payloads in memory with hash/adler32, in turns of 64 MiB within the same run so that both see the same
// machine. "ratio" is the speed of the scan divided by that of the bare hash.
func BenchmarkScan(b *testing.B) {
	f := benchLog(b)
	b.SetBytes(scan(b, f))
	b.ReportAllocs()
	for b.Loop() {
		scan(b, f)
	}
}

func BenchmarkRatio(b *testing.B) {
	f := benchLog(b)
	const part = 64 << 20
	buf := make([]byte, part)
	var scanned, hashed time.Duration
	for b.Loop() {
		r := NewReader(f, f.Name())
		for {
			from := r.Offset()
			start := time.Now()
			var err error
			for err == nil && r.Offset()-from < part-512 {
				_, err = r.Next()
			}
			scanned += time.Since(start)
			if r.Offset() == from {
				break
			}
			got := buf[:r.Offset()-from]
			if _, err := f.ReadAt(got, from); err != nil {
				b.Fatal(err)
			}
			start = time.Now()
			hashAll(got)
			hashed += time.Since(start)
		}
	}
	b.ReportMetric(hashed.Seconds()/scanned.Seconds(), "ratio")
}

func hashAll(b []byte) (sum uint32) {
	for len(b) > 0 {
		n := prefixSize + binary.BigEndian.Uint32(b[8:])
		sum += adler32.Checksum(b[prefixSize:n])
		b = b[n+1:]
	}
	return sum
}

// BenchmarkAdler32 is what BenchmarkScan is measured against: the checksums alone.
func BenchmarkAdler32(b *testing.B) {
	f := benchLog(b)
	st, err := f.Stat()
	if err != nil {
		b.Fatal(err)
	}
	buf := make([]byte, st.Size())
	if _, err := f.ReadAt(buf, 0); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(st.Size() - headerSize)
	for b.Loop() {
		hashAll(buf[headerSize:])
	}
}
