package txnlog

import (
	"bytes"
	"container/heap"
	"encoding/binary"
	"errors"
	"hash"
	"hash/adler32"
	"io"
	"math/bits"
	"os"
	"runtime"
	"syscall"
)

const (
	searchChunk = 64 << 10
	maxPending  = 1 << 20
	adlerMod    = 65521
)

// search looks through part of a file for a good record at any offset. Every 12 bytes that could be a
// checksum and a length are a candidate. Checking each one by hashing its payload would take forever on bytes
// made for that, so one running checksum passes over the file, and a candidate's own checksum follows from the
// running one at its start and at its end. The cost is one pass over the bytes for each maxPending candidates
// that are open at once; ordinary data has none or a few.
type search struct {
	r       *Reader
	sum     hash.Hash32 // over the bytes from the start of the pass
	pending candidates
	resume  int64 // the first candidate that found no room, 0 for none
}

// candidate is what may be a record: its start, the length and checksum that it claims, and the running
// checksum at the start of its payload.
type candidate struct {
	start  int64
	length int32
	want   uint32
	before uint32
}

// search returns an offset in [from, limit) where a good record starts.
func (r *Reader) search(from, limit int64) (at int64, found bool, err error) {
	for {
		s := search{r: r, sum: adler32.New()}
		at, found, err = s.pass(from, limit)
		if found || err != nil || s.resume == 0 {
			return at, found, err
		}
		from = s.resume
	}
}

// seekData is lseek's SEEK_DATA of Linux, which other systems refuse or do not know.
const seekData = 3

// beyondHole is pos, or where the hole that pos is in ends, less what a record's prefix may have in it. Nothing was ever written to most of
// what a server puts behind its log. It moves the offset of a file, which nothing here reads from.
func (r *Reader) beyondHole(pos int64) int64 {
	f, ok := r.f.(*os.File)
	if !ok || runtime.GOOS != "linux" {
		return pos
	}
	data, err := f.Seek(pos, seekData)
	if errors.Is(err, syscall.ENXIO) { // there is none up to the end
		data, err = f.Seek(0, io.SeekEnd)
	}
	if err != nil {
		return pos
	}
	return max(pos, data-prefixSize+1)
}

// pass goes over the file once. Chunks overlap by what a candidate needs to look ahead.
func (s *search) pass(from, limit int64) (at int64, found bool, err error) {
	chunk, zero := make([]byte, searchChunk), make([]byte, searchChunk)
	for pos := from; pos < limit || len(s.pending) > 0; {
		n, err := s.r.readAt(chunk, pos)
		if err != nil {
			return 0, false, err
		}
		usable := n
		if n == len(chunk) {
			usable = n - prefixSize + 1
			// Most of what follows a log is zeros, which servers put there beforehand, 64 MiB at a time.
			if len(s.pending) == 0 && bytes.Equal(chunk, zero) {
				pos = s.r.beyondHole(pos + int64(usable))
				continue
			}
		}
		at, found, err = s.scan(chunk[:n], usable, pos, limit)
		if found || err != nil || n < len(chunk) {
			return at, found, err
		}
		pos += int64(usable)
	}
	return 0, false, nil
}

// scan handles the ends and starts of candidates in b[:usable], which is at offset pos of the file.
func (s *search) scan(b []byte, usable int, pos, limit int64) (at int64, found bool, err error) {
	hashed := 0
	advance := func(to int) { // nobody needs the sum of bytes that no candidate covers
		if len(s.pending) > 0 {
			s.sum.Write(b[hashed:to])
		}
		hashed = to
	}
	for start := s.nextStart(b, 0, pos, limit); ; {
		end := usable
		if len(s.pending) > 0 {
			end = int(min(s.pending[0].end()-pos, int64(usable)))
		}
		switch {
		case start < end:
			advance(start)
			if err := s.add(b, start, pos); err != nil {
				return 0, false, err
			}
			start = s.nextStart(b, start+1, pos, limit)
		case end < usable:
			advance(end)
			c := heap.Pop(&s.pending).(candidate)
			if b[end] == endOfRecord && c.matches(s.sum.Sum32()) {
				return c.start, true, nil
			}
		default:
			advance(usable)
			return 0, false, nil
		}
	}
}

// nextStart is the index of the first candidate in b from i on, len(b) if there is none to look at.
func (s *search) nextStart(b []byte, i int, pos, limit int64) int {
	if s.resume != 0 {
		return len(b)
	}
	i = nextCandidate(b, i)
	if pos+int64(i) >= limit {
		return len(b)
	}
	return i
}

// nextCandidate is the index of the first 12 bytes in b from i on that can be a checksum, whose upper half is
// always zero, and a length; len(b) if there are none.
func nextCandidate(b []byte, i int) int {
	for i+prefixSize <= len(b) {
		upper, rest := binary.BigEndian.Uint32(b[i:]), binary.BigEndian.Uint64(b[i+4:])
		switch {
		case upper != 0:
			i += 4 - bits.TrailingZeros32(upper)/8
		case rest == 0:
			i += zeros(b[i:]) - prefixSize + 1
		case int32(rest) >= minPayload:
			return i
		default:
			i++
		}
	}
	return len(b)
}

// add puts the candidate at b[i] on the heap, if the file has an end byte where it should.
func (s *search) add(b []byte, i int, pos int64) error {
	c := candidate{
		start:  pos + int64(i),
		want:   binary.BigEndian.Uint32(b[i+4:]),
		length: int32(binary.BigEndian.Uint32(b[i+8:])),
	}
	if ok, err := s.ends(b, c.end()-pos, pos); !ok || err != nil {
		return err
	}
	if len(s.pending) == maxPending {
		s.resume = c.start
		return nil
	}
	s1, s2 := split(s.sum.Sum32())
	for _, x := range b[i : i+prefixSize] {
		s1 += uint64(x)
		s2 += s1
	}
	c.before = uint32(s2%adlerMod<<16 | s1%adlerMod)
	heap.Push(&s.pending, c)
	return nil
}

// ends says whether the end byte is at b[i], where b is at offset pos of the file and i may be behind it.
func (s *search) ends(b []byte, i, pos int64) (bool, error) {
	if i < int64(len(b)) {
		return b[i] == endOfRecord, nil
	}
	var end [1]byte
	n, err := s.r.readAt(end[:], pos+i)
	return n == 1 && end[0] == endOfRecord, err
}

// end is the offset of the end byte.
func (c candidate) end() int64 { return c.start + prefixSize + int64(c.length) }

// matches says whether the payload has the checksum it claims, given the running checksum behind it. With A
// and B the halves of an Adler-32 (RFC 1950), A grows by the sum of the bytes, and B by the sum of all
// values of A on the way, each of which is larger by A(before) − 1 than in a checksum of the payload alone.
func (c candidate) matches(after uint32) bool {
	n := uint64(c.length) % adlerMod
	a0, b0 := split(c.before)
	a1, b1 := split(after)
	a := (a1 + 1 + adlerMod - a0) % adlerMod
	b := (b1 + adlerMod - b0 + n*(adlerMod+1-a0)) % adlerMod
	return c.want == uint32(b<<16|a)
}

func split(sum uint32) (a, b uint64) { return uint64(sum & 0xffff), uint64(sum >> 16) }

// candidates is a heap, the one that ends first on top.
type candidates []candidate

func (c candidates) Len() int           { return len(c) }
func (c candidates) Less(i, j int) bool { return c[i].end() < c[j].end() }
func (c candidates) Swap(i, j int)      { c[i], c[j] = c[j], c[i] }
func (c *candidates) Push(x any)        { *c = append(*c, x.(candidate)) }
func (c *candidates) Pop() any {
	last := len(*c) - 1
	x := (*c)[last]
	*c = (*c)[:last]
	return x
}
