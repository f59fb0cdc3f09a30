package txnlog

import (
	"encoding/binary"
	"fmt"
	"hash/adler32"
)

// nextWindow is how far Next looks for a good record behind a bad one. CheckEnd looks to the end.
const nextWindow = 1 << 20

// CheckEnd proves, for a file that nobody writes any more and that Next has found the end of, that no good
// record hides behind the zeros or the incomplete record there. It is a *CorruptError if one does.
func (r *Reader) CheckEnd() error {
	at := r.Offset()
	next, found, err := r.search(at, 1<<62)
	switch {
	case err != nil:
		return err
	case !found:
		return nil
	case next == at:
		return fmt.Errorf("%s at offset %d: not the end, a good record starts here", r.name, at)
	}
	return &CorruptError{Name: r.name, Offset: at, Next: next, Reason: "this is where the records end"}
}

// follower looks for a good record behind the bad one at the start of the buffer.
func (r *Reader) follower() (next int64, found bool, err error) {
	if len(r.buf) >= prefixSize {
		n := int32(binary.BigEndian.Uint32(r.buf[8:]))
		if n >= minPayload {
			next = r.Offset() + int64(n) + frameSize
			if found, err = r.good(next); found || err != nil {
				return next, found, err
			}
		}
	}
	at := r.Offset() + 1
	return r.search(at, at+nextWindow)
}

// good says whether a good record starts at offset. It reads it piece by piece and keeps nothing.
func (r *Reader) good(offset int64) (bool, error) {
	var head [prefixSize]byte
	got, err := r.readAt(head[:], offset)
	if err != nil || got < prefixSize {
		return false, err
	}
	n := int64(int32(binary.BigEndian.Uint32(head[8:])))
	if n < minPayload {
		return false, nil
	}
	var end [1]byte
	got, err = r.readAt(end[:], offset+prefixSize+n)
	if err != nil || got == 0 || end[0] != endOfRecord {
		return false, err
	}
	sum, part := adler32.New(), make([]byte, min(n, 64<<10))
	for done := int64(0); done < n; done += int64(got) {
		part = part[:min(n-done, int64(len(part)))]
		got, err = r.readAt(part, offset+prefixSize+done)
		if err != nil || got == 0 {
			return false, err
		}
		sum.Write(part[:got])
	}
	return uint64(sum.Sum32()) == binary.BigEndian.Uint64(head[:]), nil
}

// search returns the first offset in [from, limit) where a good record starts.
func (r *Reader) search(from, limit int64) (at int64, found bool, err error) {
	chunk := make([]byte, 64<<10)
	for from < limit {
		n, err := r.readAt(chunk, from)
		if err != nil || n < prefixSize {
			return 0, false, err
		}
		b := chunk[:n]
		for i := 0; i+prefixSize <= n; i++ {
			if z := zeros(b[i:]); z > prefixSize {
				i = min(i+z, n) - prefixSize
			}
			if binary.BigEndian.Uint32(b[i:]) != 0 || int32(binary.BigEndian.Uint32(b[i+8:])) < minPayload {
				continue
			}
			if ok, err := r.good(from + int64(i)); ok || err != nil {
				return from + int64(i), ok, err
			}
		}
		from += int64(n - prefixSize + 1)
	}
	return 0, false, nil
}

// zeros is the number of zero bytes at the start of b.
func zeros(b []byte) int {
	n := 0
	for len(b)-n >= 8 && binary.LittleEndian.Uint64(b[n:]) == 0 {
		n += 8
	}
	for n < len(b) && b[n] == 0 {
		n++
	}
	return n
}
