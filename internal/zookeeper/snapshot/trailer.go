package snapshot

import (
	"encoding/binary"
	"io"

	"github.com/zkark/zkark/internal/zookeeper"
)

// finish takes what follows the nodes, whose end mark stands at offset at: the first seal, the optional
// trailers with theirs, and the end of the input.
func (r *Reader) finish(at int64) error {
	if r.nodes == 0 {
		return r.wrong(at, "no root node")
	}
	if err := r.seal(); err != nil {
		return err
	}
	if err := r.trailers(); err != nil {
		return err
	}
	if err := r.w.settle(); err != nil {
		return err
	}
	return errSealed
}

// trailers takes the optional trailers. They carry no tag: their lengths tell them apart, and the seals then
// prove the guess.
func (r *Reader) trailers() error {
	const (
		digest = digestSize + sealSize
		zxid   = zxidSize + sealSize
	)
	left, err := r.left(digest + zxid + 1)
	if err != nil {
		return err
	}
	switch {
	case left == 0:
		return nil
	case left == zxid && !r.tornDigest():
		return r.lastZxid()
	case left < digest:
		return io.EOF
	}
	if err := r.digest(); err != nil || left == digest {
		return err
	}
	if left < digest+zxid {
		return io.EOF
	}
	if err := r.lastZxid(); err != nil {
		return err
	}
	if left > digest+zxid {
		return r.wrong(r.w.offset(), "bytes follow the last seal")
	}
	return nil
}

// left counts the bytes up to the end of the input, but not beyond limit.
func (r *Reader) left(limit int) (int, error) {
	err := r.w.want(limit)
	if err != nil && err != io.EOF {
		return 0, err
	}
	return min(r.w.end-r.w.off, limit), nil
}

// tornDigest tells the first bytes of a digest from a sealed zxid of the same length: behind the zxid stands the
// digest's version where the checksum would have four zero bytes.
func (r *Reader) tornDigest() bool {
	b := r.w.buf[r.w.off+zxidSize:]
	return b[0]|b[1]|b[2]|b[3] != 0
}

func (r *Reader) digest() error {
	b, err := r.w.take(digestSize)
	if err != nil {
		return err
	}
	d := decodeDigest(b)
	r.trailer.Digest = &d
	return r.seal()
}

func (r *Reader) lastZxid() error {
	z, err := r.w.int64()
	if err != nil {
		return err
	}
	last := zookeeper.Zxid(z)
	r.trailer.LastZxid = &last
	return r.seal()
}

func decodeDigest(b []byte) Digest {
	return Digest{
		Zxid:    zookeeper.Zxid(binary.BigEndian.Uint64(b)),
		Version: int32(binary.BigEndian.Uint32(b[zxidSize:])),
		Tree:    binary.BigEndian.Uint64(b[zxidSize+4:]),
	}
}

// seal takes a seal and compares it with the bytes before it.
func (r *Reader) seal() error {
	if err := r.w.settle(); err != nil {
		return err
	}
	at, sum := r.w.offset(), r.w.sum.Sum32()
	b, err := r.w.take(sealSize)
	if err != nil {
		return err
	}
	if got := binary.BigEndian.Uint64(b); got != uint64(sum) {
		return r.wrong(at, "seal %016x does not fit the bytes before it, whose checksum is %08x", got, sum)
	}
	if string(b[8:]) != sealEnd {
		return r.wrong(at+8, "the seal ends in % x", b[8:])
	}
	return nil
}
