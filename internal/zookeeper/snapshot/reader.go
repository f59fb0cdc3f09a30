package snapshot

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/zkark/zkark/internal/zookeeper"
)

const (
	magic      = "ZKSN"
	headerSize = 16 // magic, version, database id
	sealSize   = 13 // checksum, and "/" as a string
	digestSize = 20 // zxid, version, digest
	zxidSize   = 8

	sealEnd = "\x00\x00\x00\x01/" // "/" as a string; alone it also ends the nodes
)

// Reader reads a snapshot from front to back.
type Reader struct {
	name     string
	in       *input
	w        *window
	sessions []Session
	acls     []ACLEntry
	nodes    int64
	trailer  Trailer
	err      error // what Next keeps returning
}

// Option changes what a Reader does besides reading.
type Option func(*readerOptions)

type readerOptions struct {
	copy io.Writer
}

// CopyTo writes every uncompressed byte to w as it is read. What w holds is good only once Next has
// returned io.EOF.
func CopyTo(w io.Writer) Option {
	return func(o *readerOptions) { *o = readerOptions{copy: w} }
}

// NewReader reads the head of a snapshot: sessions and the ACL table. Its errors are those of Next.
// The name is only for errors; c says how r is packed.
func NewReader(r io.Reader, name string, c zookeeper.Compression, opts ...Option) (*Reader, error) {
	var o readerOptions
	for _, opt := range opts {
		opt(&o)
	}
	in := &input{r: r}
	src, err := unpack(in, c)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	rd := &Reader{name: name, in: in, w: newWindow(src, o.copy)}
	if err := rd.head(); err != nil {
		return nil, rd.explain(err)
	}
	return rd, nil
}

// Sessions are the client sessions, in the file's order.
func (r *Reader) Sessions() []Session { return r.sessions }

// ACLs is the ACL table, in the file's order.
func (r *Reader) ACLs() []ACLEntry { return r.acls }

// Next returns the next node, the root first. It returns io.EOF only when the snapshot is sealed.
// Otherwise it fails with a *FormatError, which wraps ErrUnsealed when the input ends too early, or with
// the failure of the reader underneath. Errors repeat.
func (r *Reader) Next() (Node, error) {
	if r.err != nil {
		return Node{}, r.err
	}
	node, err := r.node()
	if err != nil {
		r.err = r.explain(err)
		return Node{}, r.err
	}
	r.nodes++
	return node, nil
}

// Trailer is what follows the nodes. It is there once Next has returned io.EOF.
func (r *Reader) Trailer() Trailer { return r.trailer }

// Offset is the number of uncompressed bytes taken so far; once Next has returned io.EOF, the whole length.
func (r *Reader) Offset() int64 { return r.w.offset() }

// errSealed says inside the package that the whole snapshot was read and is sealed. It is not io.EOF, so that
// the end of the input in the wrong place cannot be taken for it.
var errSealed = errors.New("the snapshot is sealed")

// explain turns an error of a step into the one that the caller sees.
func (r *Reader) explain(err error) error {
	var wrong *FormatError
	var copying *copyError
	switch {
	case err == errSealed:
		return io.EOF
	case errors.As(err, &wrong):
		return err
	case r.in.err != nil, errors.As(err, &copying), errors.Is(err, io.ErrNoProgress):
		return fmt.Errorf("read %s at offset %d: %w", r.name, r.w.readEnd(), err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		err = ErrUnsealed
	}
	return &FormatError{Name: r.name, Offset: r.w.readEnd(), Err: err}
}

// wrong is the error for what stands at offset.
func (r *Reader) wrong(offset int64, format string, args ...any) error {
	return &FormatError{Name: r.name, Offset: offset, Err: fmt.Errorf(format, args...)}
}

// node takes the next node, or what follows the last one.
func (r *Reader) node() (Node, error) {
	at := r.w.offset()
	path, err := r.text("path")
	if err != nil {
		return Node{}, err
	}
	if path == "/" {
		return Node{}, r.finish(at)
	}
	if err := r.checkPath(path, at); err != nil {
		return Node{}, err
	}
	return r.body(path)
}

// checkPath refuses what no server writes: the root is first and only there, and paths are absolute.
func (r *Reader) checkPath(path string, at int64) error {
	if (path == "") != (r.nodes == 0) {
		if path == "" {
			return r.wrong(at, "a second root node")
		}
		return r.wrong(at, "the first node is %.100q, not the root", path)
	}
	if path != "" && !strings.HasPrefix(path, "/") {
		return r.wrong(at, "node path %.100q does not start with /", path)
	}
	return nil
}

// body takes a node's data, ACL id and statistics in one piece, so that Data can alias the window.
func (r *Reader) body(path string) (Node, error) {
	at := r.w.offset()
	n, err := r.w.int32()
	if err != nil {
		return Node{}, err
	}
	if n < -1 {
		return Node{}, r.wrong(at, "data of %.100q has length %d", path, n)
	}
	size := max(int(n), 0)
	b, err := r.w.take(size + 8 + statSize)
	if err != nil {
		return Node{}, err
	}
	node := Node{Path: path, ACL: int64(binary.BigEndian.Uint64(b[size:]))}
	if n >= 0 {
		node.Data = b[:n:n]
	}
	decodeStat(&node.Stat, b[size+8:])
	return node, nil
}

// length takes the length of a string or the count of a list, which must not be negative.
func (r *Reader) length(what string) (int, error) {
	at := r.w.offset()
	n, err := r.w.int32()
	if err != nil {
		return 0, err
	}
	if n < 0 {
		return 0, r.wrong(at, "%s has length %d", what, n)
	}
	return int(n), nil
}
