package tree

import (
	"encoding/binary"
	"hash/crc32"
	"strings"
	"unicode/utf8"

	"github.com/zkark/zkark/internal/zookeeper"
)

// Charset is how a server's Java turns paths into bytes before it sums them: the default charset of its JVM, which
// is not always UTF-8 (ZooKeeper DigestCalculator, String.getBytes()). It matters only where a tree has paths
// beyond ASCII.
type Charset int

// The charsets that servers run with.
const (
	UTF8   Charset = iota // a UTF-8 locale, and every JVM since 18
	ASCII                 // the POSIX locale: each other character counts as one '?'
	Latin1                // ISO-8859-1

	charsets = iota
)

// String is the name that Java gives the charset.
func (c Charset) String() string {
	switch c {
	case ASCII:
		return "US-ASCII"
	case Latin1:
		return "ISO-8859-1"
	}
	return "UTF-8"
}

// Digests are the digests of one tree, by Charset. They are equal unless a path goes beyond ASCII.
type Digests [charsets]uint64

// Find tells under which charset the tree has the digest want.
func (d Digests) Find(want uint64) (Charset, bool) {
	for c, got := range d {
		if got == want {
			return Charset(c), true
		}
	}
	return 0, false
}

// uncounted is the beginning of the paths that the digest leaves out. The node /zookeeper itself counts.
const uncounted = "/zookeeper/"

// smallData is up to where data is copied beside path and statistics, so that one pass sums them all.
const smallData = 1024

// digester computes the digests of single nodes. It keeps a buffer, so it serves one goroutine.
type digester struct{ scratch []byte }

// sum is the digest of one node: a CRC-32 over path, data and statistics (ZooKeeper 3.6 DigestCalculator; the order
// of the statistics is not that of a snapshot).
func (d *digester) sum(path string, data []byte, s *zookeeper.Stat) uint32 {
	if strings.HasPrefix(path, uncounted) {
		return 0
	}
	var crc uint32
	b := append(d.scratch[:0], path...)
	if len(data) <= smallData {
		b = append(b, data...)
	} else {
		crc = crc32.Update(crc32.ChecksumIEEE(b), crc32.IEEETable, data)
		b = b[:0]
	}
	b = appendStat(b, s)
	d.scratch = b
	return crc32.Update(crc, crc32.IEEETable, b)
}

// wide is the digest of one node under every charset.
func (d *digester) wide(path string, data []byte, s *zookeeper.Stat) (sums [charsets]uint32) {
	for c := range sums {
		sums[c] = d.sum(encodePath(path, Charset(c)), data, s)
	}
	return sums
}

func appendStat(b []byte, s *zookeeper.Stat) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(s.Czxid))
	b = binary.BigEndian.AppendUint64(b, uint64(s.Mzxid))
	b = binary.BigEndian.AppendUint64(b, uint64(s.Pzxid))
	b = binary.BigEndian.AppendUint64(b, uint64(s.Ctime))
	b = binary.BigEndian.AppendUint64(b, uint64(s.Mtime))
	b = binary.BigEndian.AppendUint32(b, uint32(s.Version))
	b = binary.BigEndian.AppendUint32(b, uint32(s.Cversion))
	b = binary.BigEndian.AppendUint32(b, uint32(s.Aversion))
	return binary.BigEndian.AppendUint64(b, uint64(s.EphemeralOwner))
}

// encodePath is the bytes of a path in a JVM's charset. Paths have no characters beyond 16 bits, so each rune
// is one Java char, and one '?' where the charset lacks it.
func encodePath(path string, c Charset) string {
	if c == UTF8 {
		return path
	}
	limit := rune(utf8.RuneSelf)
	if c == Latin1 {
		limit = 0x100
	}
	b := make([]byte, 0, len(path))
	for _, r := range path {
		if r >= limit {
			r = '?'
		}
		b = append(b, byte(r))
	}
	return string(b)
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// Digest is ZooKeeper's digest of the tree as a server with UTF-8 paths records it.
func (t *Tree) Digest() uint64 { return t.sum + t.wideSum[UTF8] }

// Digests is ZooKeeper's digest of the tree under every charset that servers run with.
func (t *Tree) Digests() Digests {
	d := t.wideSum
	for c := range d {
		d[c] += t.sum
	}
	return d
}

// count adds n, as it is now, to the digest of the tree.
func (t *Tree) count(n *node) {
	if !n.wide {
		n.digest = t.digester.sum(n.path, n.data, &n.stat)
		t.sum += uint64(n.digest)
		return
	}
	sums := t.digester.wide(n.path, n.data, &n.stat)
	t.wide[n] = sums
	for c, s := range sums {
		t.wideSum[c] += uint64(s)
	}
}

// discount takes n, as it was when it was counted, out of the digest of the tree.
func (t *Tree) discount(n *node) {
	if !n.wide {
		t.sum -= uint64(n.digest)
		return
	}
	for c, s := range t.wide[n] {
		t.wideSum[c] -= uint64(s)
	}
	delete(t.wide, n)
}
