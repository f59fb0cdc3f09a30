package snapshot

import (
	"errors"
	"fmt"
	"hash"
	"hash/adler32"
	"io"
	"math"
	"strings"

	"github.com/zkark/zkark/internal/zookeeper/jute"
)

const (
	fileVersion  = 2  // written by every release, checked by none
	fileDatabase = -1 // likewise
	flushSize    = 64 << 10
)

// Writer writes an uncompressed snapshot that ZooKeeper loads. It keeps at most one node and 64 KiB in memory.
type Writer struct {
	w     io.Writer
	buf   []byte // not yet summed, not yet written
	sum   hash.Hash32
	nodes int64
	err   error // what every later call returns
}

// NewWriter writes the head: the sessions and the ACL table, in the order given.
func NewWriter(w io.Writer, sessions []Session, acls []ACLEntry) (*Writer, error) {
	sw := &Writer{w: w, sum: adler32.New(), buf: make([]byte, 0, 2*flushSize)}
	sw.buf = append(sw.buf, magic...)
	sw.buf = jute.AppendInt32(sw.buf, fileVersion)
	sw.buf = jute.AppendInt64(sw.buf, fileDatabase)
	sw.buf = jute.AppendInt32(sw.buf, int32(len(sessions)))
	for _, s := range sessions {
		sw.buf = jute.AppendInt64(sw.buf, s.ID)
		sw.buf = jute.AppendInt32(sw.buf, s.Timeout)
		sw.flushIfFull()
	}
	sw.buf = jute.AppendInt32(sw.buf, int32(len(acls)))
	for _, e := range acls {
		sw.buf = jute.AppendInt64(sw.buf, e.ID)
		sw.buf = jute.AppendACLs(sw.buf, e.ACL)
		sw.flushIfFull()
	}
	return sw, sw.err
}

// Write adds a node: the root first, with path "", and every node after its parent, which ZooKeeper demands
// and the caller answers for.
func (w *Writer) Write(n Node) error {
	if w.err != nil {
		return w.err
	}
	if err := w.check(n); err != nil {
		w.err = err
		return err
	}
	b := jute.AppendString(w.buf, n.Path)
	b = jute.AppendBuffer(b, n.Data)
	b = jute.AppendInt64(b, n.ACL)
	w.buf = appendStat(b, n.Stat)
	w.nodes++
	w.flushIfFull()
	return w.err
}

// Close ends the snapshot with the first seal and those trailers that are not nil, each with its seal. It
// does not close the writer underneath. A server loads trailers only if its settings ask for the same ones (3.9),
// and any release loads a snapshot without them, so an empty Trailer is the one to use for a server's directory.
func (w *Writer) Close(t Trailer) error {
	if w.err != nil {
		return w.err
	}
	if w.nodes == 0 {
		w.err = errors.New("write a snapshot: it has no root node")
		return w.err
	}
	w.buf = append(w.buf, sealEnd...)
	w.seal()
	if d := t.Digest; d != nil {
		w.buf = jute.AppendInt64(w.buf, int64(d.Zxid))
		w.buf = jute.AppendInt32(w.buf, d.Version)
		w.buf = jute.AppendInt64(w.buf, int64(d.Tree))
		w.seal()
	}
	if z := t.LastZxid; z != nil {
		w.buf = jute.AppendInt64(w.buf, int64(*z))
		w.seal()
	}
	w.flush()
	if w.err != nil {
		return w.err
	}
	w.err = errors.New("write a snapshot: it is closed")
	return nil
}

// check refuses what the reader would refuse.
func (w *Writer) check(n Node) error {
	switch {
	case w.nodes == 0 && n.Path != "":
		return fmt.Errorf("write a snapshot: the first node is %.100q, not the root", n.Path)
	case w.nodes > 0 && (!strings.HasPrefix(n.Path, "/") || n.Path == "/"):
		return fmt.Errorf("write a snapshot: node path %.100q is not below the root", n.Path)
	case len(n.Path) > math.MaxInt32 || len(n.Data) > math.MaxInt32:
		return fmt.Errorf("write a snapshot: node %.100q is longer than the format can say", n.Path)
	}
	return nil
}

// seal adds the checksum of every byte before it.
func (w *Writer) seal() {
	w.flush()
	w.buf = jute.AppendInt64(w.buf, int64(w.sum.Sum32()))
	w.buf = append(w.buf, sealEnd...)
}

func (w *Writer) flushIfFull() {
	if len(w.buf) >= flushSize {
		w.flush()
	}
}

func (w *Writer) flush() {
	if w.err != nil {
		return
	}
	w.sum.Write(w.buf)
	if _, err := w.w.Write(w.buf); err != nil {
		w.err = fmt.Errorf("write a snapshot: %w", err)
	}
	w.buf = w.buf[:0]
}
