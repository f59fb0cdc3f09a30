package snapshot

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"

	"github.com/zkark/zkark/internal/zookeeper"
)

// unpack returns the uncompressed bytes of r. They end with io.EOF only where the compressed ones end whole;
// compressed bytes that stop early end with io.ErrUnexpectedEOF.
func unpack(r io.Reader, c zookeeper.Compression) (io.Reader, error) {
	switch c {
	case zookeeper.Plain:
		return r, nil
	case zookeeper.Gzip:
		return &gzipReader{in: bufio.NewReaderSize(r, windowSize)}, nil
	case zookeeper.Snappy:
		return &snappyReader{in: bufio.NewReaderSize(r, windowSize)}, nil
	}
	return nil, fmt.Errorf("unknown compression %q", string(c))
}

// gzipReader reads the single gzip member that ZooKeeper writes, and refuses anything after it.
type gzipReader struct {
	in *bufio.Reader
	z  *gzip.Reader
}

func (g *gzipReader) Read(p []byte) (int, error) {
	if g.z == nil {
		z, err := gzip.NewReader(g.in)
		if err != nil {
			return 0, endsEarly(err)
		}
		z.Multistream(false)
		g.z = z
	}
	n, err := g.z.Read(p)
	if err != io.EOF {
		return n, err
	}
	if _, err := g.in.Peek(1); err != io.EOF {
		if err == nil {
			err = errors.New("bytes follow the end of the gzip data")
		}
		return n, err
	}
	return n, io.EOF
}

// snappyHeader opens snappy-java's stream (SnappyOutputStream): magic, version 1, compatible version 1.
// The first four bytes read as a negative length, so it cannot be taken for a block.
const snappyHeader = "\x82SNAPPY\x00\x00\x00\x00\x01\x00\x00\x00\x01"

// maxSnappyGrowth is how many times a raw snappy block can grow: the densest tag copies 64 bytes with 3.
const maxSnappyGrowth = 22

// snappyReader reads the stream of snappy-java's SnappyOutputStream, which is not the official snappy framing:
// the header, then blocks of a 4-byte length and a raw snappy block, to the end of the input. The header may
// come again between blocks, where streams were put one behind another.
type snappyReader struct {
	in     *bufio.Reader
	packed bytes.Buffer // the current block as read
	block  []byte       // the current block, unpacked; its memory is used again
	unread []byte       // the part of block not handed out
	opened bool         // the first header was seen
}

func (s *snappyReader) Read(p []byte) (int, error) {
	for len(s.unread) == 0 {
		if err := s.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, s.unread)
	s.unread = s.unread[n:]
	return n, nil
}

// next unpacks the next block, if what comes next is one.
func (s *snappyReader) next() error {
	var length [4]byte
	if !s.opened {
		s.opened = true
		return s.header(nil)
	}
	if _, err := io.ReadFull(s.in, length[:]); err != nil {
		return err // io.EOF here is the whole stream's good end
	}
	if string(length[:]) == snappyHeader[:4] {
		return s.header(length[:])
	}
	return s.unpackBlock(int32(binary.BigEndian.Uint32(length[:])))
}

// header takes the header, of which read is already taken.
func (s *snappyReader) header(read []byte) error {
	var h [len(snappyHeader)]byte
	n, err := io.ReadFull(s.in, h[copy(h[:], read):])
	n += len(read)
	if string(h[:n]) != snappyHeader[:n] {
		return fmt.Errorf("% x is not the header of a snappy-java stream", h[:n])
	}
	return endsEarly(err)
}

func (s *snappyReader) unpackBlock(length int32) error {
	if length <= 0 {
		return fmt.Errorf("snappy block of length %d", length)
	}
	s.packed.Reset()
	// CopyN grows the buffer with what really comes, whatever the length says.
	if _, err := io.CopyN(&s.packed, s.in, int64(length)); err != nil {
		return endsEarly(err)
	}
	size, err := snappy.DecodedLen(s.packed.Bytes())
	if err != nil {
		return fmt.Errorf("snappy block: %w", err)
	}
	if int64(size) > int64(length)*maxSnappyGrowth {
		return fmt.Errorf("snappy block of %d bytes that claims to hold %d", length, size)
	}
	s.block, err = snappy.Decode(s.block[:cap(s.block)], s.packed.Bytes())
	if err != nil {
		return fmt.Errorf("snappy block: %w", err)
	}
	s.unread = s.block
	return nil
}

// endsEarly turns an end of input that is not the end of the data into io.ErrUnexpectedEOF.
func endsEarly(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
