package txnlog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/adler32"
	"io"
	"math"
)

// nextWindow is how far Next looks for a good record behind a bad one. CheckEnd looks to the end of the file.
const nextWindow = 1 << 20

// CheckEnd proves, for a file that nobody writes any more and that Next has found the end of, that no good
// record hides behind the zeros or the incomplete record there. It is a *CorruptError if one does. An incomplete
// record whose data is itself a piece of a log is taken for corruption: a false alarm costs a look, a missed record costs data.
func (r *Reader) CheckEnd() error {
	if err := r.open(); err != nil {
		if torn := (*TornError)(nil); err == io.EOF || errors.As(err, &torn) {
			return nil
		}
		return err
	}
	at := r.Offset()
	next, found, err := r.search(at, math.MaxInt64)
	switch {
	case err != nil:
		return err
	case !found:
		return nil
	case next == at:
		return fmt.Errorf("%s at offset %d: not the end, a good record starts here", r.name, at)
	}
	return &CorruptError{Name: r.name, Offset: at, Next: next, Reason: "it looks like the end"}
}

// follower looks for a good record behind the bad one at the start of the buffer: where its length says that
// it ends, then at every offset, because the length itself may be what is bad.
func (r *Reader) follower() (next int64, found bool, err error) {
	at := r.Offset()
	if len(r.buf) >= prefixSize {
		n := int32(binary.BigEndian.Uint32(r.buf[8:]))
		next = at + int64(n) + frameSize
		if n >= minPayload {
			found, err = r.good(next)
		}
	}
	if found || err != nil {
		return next, found, err
	}
	return r.search(at+1, at+nextWindow)
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
	sum, part := adler32.New(), make([]byte, min(n, searchChunk))
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
