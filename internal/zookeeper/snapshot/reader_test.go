package snapshot_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/snappy"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/snapshot"
)

// trailerVariants are the four ends that a snapshot can have.
func trailerVariants() map[string]snapshot.Trailer {
	last := zookeeper.Zxid(0x1_0000_0007)
	digest := snapshot.Digest{Zxid: 0x1_0000_0006, Version: 2, Tree: 0xfedcba9876543210}
	return map[string]snapshot.Trailer{
		"none":            {},
		"digest":          {Digest: &digest},
		"last zxid":       {LastZxid: &last},
		"digest and last": {Digest: &digest, LastZxid: &last},
		"empty digest":    {Digest: &snapshot.Digest{Version: 2}},
	}
}

// small is a snapshot with one of everything.
func small(t snapshot.Trailer) contents {
	return contents{
		Sessions: []snapshot.Session{{ID: -5, Timeout: 4000}, {ID: 1 << 60, Timeout: 1}},
		ACLs:     []snapshot.ACLEntry{{ID: 3, ACL: []zookeeper.ACL{{Perms: 31, Scheme: "auth", ID: "\xed\xa0\xbd"}}}, {ID: 4}, {ID: 5, ACL: []zookeeper.ACL{}}},
		Nodes: []snapshot.Node{
			{ACL: snapshot.OpenACL, Data: []byte{}},
			{Path: "/a", ACL: 3, Stat: zookeeper.Stat{Czxid: 1, Mzxid: 2, Ctime: 3, Mtime: 4, Version: 5, Cversion: 6, Aversion: 7, EphemeralOwner: 8, Pzxid: 9}},
			{Path: "/a/dangling", ACL: 99, Data: []byte("data")},
		},
		Trailer: t,
	}
}

func pack(t testing.TB, b []byte, c zookeeper.Compression) []byte {
	t.Helper()
	var out bytes.Buffer
	switch c {
	case zookeeper.Plain:
		return b
	case zookeeper.Gzip:
		z := gzip.NewWriter(&out)
		if _, err := z.Write(b); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
	case zookeeper.Snappy:
		out.WriteString(snappyHeader)
		for len(b) > 0 {
			n := min(len(b), 100)
			packed := snappy.Encode(nil, b[:n])
			binary.Write(&out, binary.BigEndian, int32(len(packed)))
			out.Write(packed)
			b = b[n:]
		}
	}
	return out.Bytes()
}

const snappyHeader = "\x82SNAPPY\x00\x00\x00\x00\x01\x00\x00\x00\x01"

func compressions() []zookeeper.Compression {
	return []zookeeper.Compression{zookeeper.Plain, zookeeper.Gzip, zookeeper.Snappy}
}

func TestEveryTrailerAndCompressionReadsAsItWasWritten(t *testing.T) {
	for name, trailer := range trailerVariants() {
		for _, c := range compressions() {
			want := small(trailer)
			got, err := decode(pack(t, encode(t, want), c), c)
			if err != nil {
				t.Errorf("%s, compression %q: %v", name, c, err)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%s, compression %q (-want +got):\n%s", name, c, d)
			}
		}
	}
}

func TestASnapshotCutAnywhereIsUnsealed(t *testing.T) {
	for name, trailer := range trailerVariants() {
		for _, c := range compressions() {
			file := pack(t, encode(t, small(trailer)), c)
			for n := range file {
				_, err := decode(file[:n], c)
				if errors.Is(err, snapshot.ErrUnsealed) || err == nil && cutBehindSeal(t, file[:n], c) {
					continue
				}
				t.Errorf("%s, compression %q: the first %d of %d bytes: %v", name, c, n, len(file), err)
			}
		}
	}
}

// cutBehindSeal tells whether a cut snapshot happens to be a whole one with fewer trailers.
func cutBehindSeal(t *testing.T, cut []byte, c zookeeper.Compression) bool {
	t.Helper()
	for _, trailer := range trailerVariants() {
		if bytes.Equal(cut, pack(t, encode(t, small(trailer)), c)) {
			return true
		}
	}
	return false
}

func TestAFlippedByteIsNoticed(t *testing.T) {
	for name, trailer := range trailerVariants() {
		file := encode(t, small(trailer))
		for i := range file {
			for _, mask := range []byte{0x01, 0x80, 0xff} {
				bad := bytes.Clone(file)
				bad[i] ^= mask
				_, err := decode(bad, zookeeper.Plain)
				var format *snapshot.FormatError
				if !errors.As(err, &format) || format.Name != "snapshot.5" {
					t.Errorf("%s: byte %d xor %#x: %v", name, i, mask, err)
				}
			}
		}
	}
}

func TestAFlippedByteInPackedDataNeverChangesWhatIsRead(t *testing.T) {
	want := small(trailerVariants()["digest and last"])
	for _, c := range []zookeeper.Compression{zookeeper.Gzip, zookeeper.Snappy} {
		file := pack(t, encode(t, want), c)
		for i := range file {
			bad := bytes.Clone(file)
			bad[i] ^= 0x11
			got, err := decode(bad, c)
			if err == nil && !cmp.Equal(want, got) {
				t.Errorf("compression %q, byte %d: other contents read without an error", c, i)
			}
		}
	}
}

func TestNothingMayFollowTheLastSeal(t *testing.T) {
	for name, trailer := range trailerVariants() {
		for _, c := range compressions() {
			file := append(pack(t, encode(t, small(trailer)), c), make([]byte, 100)...)
			_, err := decode(file, c)
			var format *snapshot.FormatError
			if !errors.As(err, &format) || errors.Is(err, snapshot.ErrUnsealed) {
				t.Errorf("%s, compression %q: %v", name, c, err)
			}
		}
	}
}

func TestASecondGzipMemberIsRefused(t *testing.T) {
	file := pack(t, encode(t, small(snapshot.Trailer{})), zookeeper.Gzip)
	_, err := decode(append(file, pack(t, nil, zookeeper.Gzip)...), zookeeper.Gzip)
	if err == nil || !strings.Contains(err.Error(), "follow the end of the gzip data") {
		t.Error(err)
	}
}

func TestTheSnappyHeaderMayComeAgainBetweenBlocks(t *testing.T) {
	want := small(snapshot.Trailer{})
	b := encode(t, want)
	file := append(pack(t, b[:150], zookeeper.Snappy), pack(t, b[150:], zookeeper.Snappy)...)
	got, err := decode(file, zookeeper.Snappy)
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
}

func TestForeignBytesAreWrongNotUnfinished(t *testing.T) {
	for c, b := range map[zookeeper.Compression]string{
		zookeeper.Plain:  "ZKLG\x00\x00\x00\x02 a transaction log",
		zookeeper.Gzip:   "this is no gzip data at all",
		zookeeper.Snappy: "\xff\x06\x00\x00sNaPpY official framing",
	} {
		_, err := decode([]byte(b), c)
		var format *snapshot.FormatError
		if !errors.As(err, &format) || errors.Is(err, snapshot.ErrUnsealed) {
			t.Errorf("compression %q: %v", c, err)
		}
	}
	if _, err := decode(make([]byte, 1000), zookeeper.Plain); err == nil || errors.Is(err, snapshot.ErrUnsealed) {
		t.Errorf("zeros: %v", err)
	}
}

func TestAnEmptyFileIsUnsealed(t *testing.T) {
	for _, c := range compressions() {
		if _, err := decode(nil, c); !errors.Is(err, snapshot.ErrUnsealed) {
			t.Errorf("compression %q: %v", c, err)
		}
	}
}

func TestAFailureOfTheDiskIsNoFormatError(t *testing.T) {
	broken := errors.New("input/output error")
	for _, c := range compressions() {
		file := pack(t, encode(t, small(snapshot.Trailer{})), c)
		for n := range file {
			_, err := snapshot.Verify(io.MultiReader(bytes.NewReader(file[:n]), iotest.ErrReader(broken)), "snapshot.5", c)
			var format *snapshot.FormatError
			if !errors.Is(err, broken) || errors.As(err, &format) {
				t.Fatalf("compression %q after %d bytes: %v", c, n, err)
			}
		}
	}
}

func TestReadingByteByByteGivesTheSame(t *testing.T) {
	want := small(trailerVariants()["digest"])
	want.Nodes[2].Data = bytes.Repeat([]byte("0123456789"), 100_000)
	want.Nodes = append(want.Nodes, snapshot.Node{Path: "/b", Data: []byte("after the large one")})
	file := encode(t, want)
	for name, r := range map[string]io.Reader{
		"one byte": iotest.OneByteReader(bytes.NewReader(file)), "half": iotest.HalfReader(bytes.NewReader(file)),
		"data with EOF": iotest.DataErrReader(bytes.NewReader(file)),
	} {
		got, err := decodeFrom(r, zookeeper.Plain)
		if d := cmp.Diff(want, got); d != "" || err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheCopyIsTheUnpackedSnapshot(t *testing.T) {
	for name, trailer := range trailerVariants() {
		for _, c := range compressions() {
			file := encode(t, small(trailer))
			var whole bytes.Buffer
			if _, err := snapshot.Verify(bytes.NewReader(pack(t, file, c)), "s", c, snapshot.CopyTo(&whole)); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(whole.Bytes(), file) {
				t.Errorf("%s, compression %q: the copy differs", name, c)
			}
		}
	}
}

func TestAForgedLengthCostsNoMoreMemoryThanTheInput(t *testing.T) {
	head := encode(t, contents{Nodes: []snapshot.Node{{}}})[:16+4+4]
	huge := binary.BigEndian.AppendUint32(nil, 0x7fffffff)
	snappyBlock := append([]byte(snappyHeader), 0, 0, 0, 6, 0xff, 0xff, 0xff, 0xff, 0x0f, 0)
	for name, in := range map[string]struct {
		file []byte
		c    zookeeper.Compression
	}{
		"sessions":     {append(bytes.Clone(head[:16]), huge...), zookeeper.Plain},
		"ACL table":    {append(bytes.Clone(head[:20]), huge...), zookeeper.Plain},
		"path":         {append(bytes.Clone(head), huge...), zookeeper.Plain},
		"data":         {append(append(bytes.Clone(head), 0, 0, 0, 0), huge...), zookeeper.Plain},
		"snappy size":  {snappyBlock, zookeeper.Snappy},
		"snappy block": {append([]byte(snappyHeader), huge...), zookeeper.Snappy},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := decode(in.file, in.c); err == nil {
			t.Errorf("%s: no error", name)
		}
		runtime.ReadMemStats(&after)
		used := after.TotalAlloc - before.TotalAlloc
		if used > 1<<20 {
			t.Errorf("%s: %d bytes allocated for an input of %d", name, used, len(in.file))
		}
	}
}
