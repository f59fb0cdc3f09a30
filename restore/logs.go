package restore

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

// logWriter appends the records of pieces to log files: one file an epoch, named after its first record as the server
// would, with nothing behind the last one.
type logWriter struct {
	dir   string
	trail *trail
	file  *os.File
	buf   *bufio.Writer
	out   *txnlog.Writer
	epoch uint32

	behind *errgroup.Group // makes the files durable
}

// add copies the records First to UpTo of an unpacked segment, and proves that they are all there, each zxid once: then they count. A
// failed request that repeats the zxid before it comes along (ZooKeeper logs such for a request it could not decode).
func (l *logWriter) add(path string, piece archive.Piece) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("build: %w", err)
	}
	defer f.Close()
	r := txnlog.NewReader(f, piece.Key())
	next := piece.First
	for {
		rec, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return &DamagedError{Key: piece.Key(), Err: err}
		}
		repeated := rec.Zxid+1 == next && next > piece.First && rec.Type == txnlog.TypeError
		if rec.Zxid < piece.First || rec.Zxid > piece.UpTo {
			continue
		}
		if rec.Zxid != next && !repeated {
			return &DamagedError{Key: piece.Key(), Err: fmt.Errorf("it holds %s where %s should be", rec.Zxid, next)}
		}
		if err := l.append(rec); err != nil {
			return fmt.Errorf("build: %w", err)
		}
		next = rec.Zxid + 1
	}
	if next != piece.UpTo+1 {
		return &DamagedError{Key: piece.Key(), Err: fmt.Errorf("it ends before %s", next)}
	}
	if err := l.flush(false); err != nil {
		return fmt.Errorf("build: %w", err)
	}
	return nil
}

func (l *logWriter) append(rec txnlog.Record) error {
	if l.file == nil || rec.Zxid.Epoch() != l.epoch {
		if err := l.roll(rec.Zxid); err != nil {
			return err
		}
	}
	return l.out.Append(rec.Payload)
}

func (l *logWriter) roll(first zookeeper.Zxid) error {
	if err := l.close(); err != nil {
		return err
	}
	path := filepath.Join(l.dir, zookeeper.LogName(first))
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	l.file, l.buf, l.epoch = f, bufio.NewWriterSize(f, 1<<20), first.Epoch()
	l.trail.begin(path)
	l.out, err = txnlog.NewWriter(l.buf)
	return err
}

// close ends the current file, which is durable once behind is done. It may be called when there is none.
func (l *logWriter) close() error {
	if l.file == nil {
		return nil
	}
	if err := l.flush(true); err != nil {
		return err
	}
	makeDurable(l.behind, l.file)
	l.file = nil
	return nil
}

// abandon lets go of what was not closed: nothing more of it counts.
func (l *logWriter) abandon() {
	if l.file != nil {
		l.file.Close()
	}
}

// flush brings what was appended to where it can be read back.
func (l *logWriter) flush(complete bool) error {
	if err := l.buf.Flush(); err != nil {
		return err
	}
	l.trail.reach(l.out.Offset(), complete)
	return nil
}
