// Package tailtest plays a ZooKeeper server that writes its directories, step by step, for tests.
package tailtest

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/snapshot"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

// Dir is a data directory.
type Dir struct {
	t    testing.TB
	Path string
}

// New makes a directory without version-2 in it, as a new server finds it.
func New(t testing.TB) *Dir { return &Dir{t, t.TempDir()} }

func (d *Dir) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

// File is the path of a file in version-2.
func (d *Dir) File(name string) string { return filepath.Join(d.Path, zookeeper.VersionDir, name) }

// Log is a log file that is being written.
type Log struct {
	d    *Dir
	Name string
	f    *os.File
	ends map[zookeeper.Zxid]int64
	end  int64
}

// padding is what a server grows a log by; real ones by 64 MiB.
const padding = 1 << 20

// Create makes an empty file, or empties the one that is there, for the log that will begin with first. Without a header no
// record can follow.
func (d *Dir) Create(first zookeeper.Zxid) *Log {
	d.t.Helper()
	name := zookeeper.LogName(first)
	d.must(os.MkdirAll(filepath.Dir(d.File(name)), 0o755))
	f, err := os.OpenFile(d.File(name), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o644)
	d.must(err)
	d.t.Cleanup(func() { f.Close() })
	return &Log{d: d, Name: name, f: f, ends: map[zookeeper.Zxid]int64{}}
}

// Log makes a log with a header, padding, and the records first to last.
func (d *Dir) Log(first, last zookeeper.Zxid) *Log {
	d.t.Helper()
	l := d.Create(first)
	l.Raw(header(d.t))
	d.must(l.f.Truncate(16 + padding))
	l.Append(first, last)
	return l
}

func header(t testing.TB) []byte {
	var b bytes.Buffer
	if _, err := txnlog.NewWriter(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Append adds the records first to last.
func (l *Log) Append(first, last zookeeper.Zxid) {
	l.d.t.Helper()
	for z := first; z <= last; z++ {
		l.Raw(Record(l.d.t, z, 0))
		l.ends[z] = l.end
	}
}

// Raw adds bytes where the next record belongs.
func (l *Log) Raw(b []byte) {
	l.d.t.Helper()
	_, err := l.f.WriteAt(b, l.end)
	l.d.must(err)
	l.end += int64(len(b))
}

// Flip changes a byte inside the record z.
func (l *Log) Flip(z zookeeper.Zxid) {
	l.d.t.Helper()
	at := l.ends[z] - 4
	var b [1]byte
	_, err := l.f.ReadAt(b[:], at)
	l.d.must(err)
	_, err = l.f.WriteAt([]byte{b[0] ^ 0xff}, at)
	l.d.must(err)
}

// Truncate cuts the file after the record z, as a server does that is told TRUNC.
func (l *Log) Truncate(z zookeeper.Zxid) {
	l.d.t.Helper()
	l.end = l.ends[z]
	l.d.must(l.f.Truncate(l.end))
}

// Remove deletes a file.
func (d *Dir) Remove(name string) {
	d.t.Helper()
	d.must(os.Remove(d.File(name)))
}

// Txn is the transaction that a test's record holds: data of size bytes more than a few.
func Txn(z zookeeper.Zxid, size int) txnlog.Txn {
	return txnlog.Txn{
		Header: txnlog.Header{Session: 7, Cxid: int32(z), Zxid: z, Time: Time(z), Type: txnlog.TypeSetData},
		Body:   txnlog.SetData{Path: "/a", Data: append([]byte(z.String()), make([]byte, size)...), Version: int32(z)},
	}
}

// Time is when the record z was made.
func Time(z zookeeper.Zxid) int64 {
	return 1_700_000_000_000 + int64(z.Epoch())*1_000_000 + int64(z.Counter())
}

// Record is the bytes of a record in a log.
func Record(t testing.TB, z zookeeper.Zxid, size int) []byte {
	return Frame(t, txnlog.Encode(Txn(z, size)))
}

// Repeat is the record that a server writes for a request that it cannot decode: an error with the zxid before it.
func Repeat(t testing.TB, z zookeeper.Zxid) []byte {
	txn := Txn(z, 0)
	txn.Type, txn.Body = txnlog.TypeError, txnlog.Error{Code: -5}
	return Frame(t, txnlog.Encode(txn))
}

// Frame makes a record of a payload.
func Frame(t testing.TB, payload []byte) []byte {
	var b bytes.Buffer
	w, err := txnlog.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	head := b.Len()
	if err := w.Append(payload); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()[head:]
}

// Snapshot writes a snapshot file.
func (d *Dir) Snapshot(start zookeeper.Zxid, c zookeeper.Compression, trailer snapshot.Trailer) (name string) {
	d.t.Helper()
	name = zookeeper.SnapshotName(start, c)
	d.must(os.MkdirAll(filepath.Dir(d.File(name)), 0o755))
	data := SnapshotBytes(d.t, trailer)
	if c == zookeeper.Gzip {
		data = zip(d.t, data)
	}
	d.must(os.WriteFile(d.File(name), data, 0o644))
	return name
}

// SnapshotBytes is a small plain snapshot.
func SnapshotBytes(t testing.TB, trailer snapshot.Trailer) []byte {
	var b bytes.Buffer
	w, err := snapshot.NewWriter(&b, nil, nil)
	for _, path := range []string{"", "/a"} {
		if err == nil {
			err = w.Write(snapshot.Node{Path: path, Data: []byte("x"), ACL: snapshot.OpenACL})
		}
	}
	if err == nil {
		err = w.Close(trailer)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zip(t testing.TB, data []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := io.Copy(w, bytes.NewReader(data))
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
