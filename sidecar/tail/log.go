package tail

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

// logFile reads one life of a log. Its file is guarded by Tail.mu, the rest by Tail.looking.
type logFile struct {
	id   FileID
	path string
	info fs.FileInfo // tells which file the path named when this life began
	file *shared     // nil when it was let go because everything in it is archived

	seen     fs.FileInfo // what the last look listed
	idle     bool        // the last two looks saw the same, and nothing new
	replaces FileID      // the life before this one, until a look has told of it
	added    []Run       // what was read and no look has told of yet

	end         int64 // where reading goes on
	gap         bool  // in front of it lie bytes that could not be read
	ended       bool  // nothing hides behind the end, and nobody writes there any more
	first, last print
	lastZxid    zookeeper.Zxid // of the last run; 0 for none

	hole  error // bytes that never become a record; reading went on behind them
	stuck error // why reading does not go on, as of the last look
}

// print recognizes a record.
type print struct {
	offset, size int64
	sum          [sha256.Size]byte
}

func (l *logFile) name() string { return filepath.Base(l.path) }

// open opens the file, unless it is open.
func (l *logFile) open() error {
	if l.file != nil {
		return nil
	}
	f, err := os.Open(l.path)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil && !os.SameFile(info, l.info) {
		err = fmt.Errorf("open %s: %w", l.path, ErrChanged)
	}
	if err != nil {
		return errors.Join(err, f.Close())
	}
	l.file = share(f)
	return nil
}

// letGo closes the file; those who are reading it finish first.
func (l *logFile) letGo() error {
	if l.file == nil {
		return nil
	}
	err := l.file.release()
	l.file = nil
	return err
}

// intact tells whether what was read of the file is still what it holds.
func (l *logFile) intact(f io.ReaderAt) (bool, error) {
	if l.empty() {
		return true, nil
	}
	for _, p := range []print{l.first, l.last} {
		now, err := l.printAt(f, p.offset, p.size)
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		if now != p {
			return false, nil
		}
	}
	return true, nil
}

func (l *logFile) printAt(f io.ReaderAt, offset, size int64) (print, error) {
	h := sha256.New()
	if _, err := io.CopyN(h, io.NewSectionReader(f, offset, size), size); err != nil {
		return print{}, fmt.Errorf("read %s at offset %d: %w", l.path, offset, err)
	}
	return print{offset, size, [sha256.Size]byte(h.Sum(nil))}, nil
}

// read goes on from where the last look ended, and keeps what it found in added.
func (l *logFile) read(ctx context.Context, f io.ReaderAt, before *earlier) error {
	l.stuck = nil
	c := fold{last: before.pred, gap: l.gap}
	if l.lastZxid != 0 {
		c.last = l.lastZxid
	}
	if err := l.fold(ctx, f, before, &c); err != nil || c.end == 0 {
		return err
	}
	return l.remember(f, c)
}

// fold feeds records to c until there are no more for now.
func (l *logFile) fold(ctx context.Context, f io.ReaderAt, before *earlier, c *fold) error {
	r := txnlog.NewReaderAt(f, l.path, l.end)
	for {
		rec, err := r.Next()
		var corrupt *txnlog.CorruptError
		var torn *txnlog.TornError
		switch {
		case err == nil:
		case errors.Is(err, io.EOF) || errors.As(err, &torn):
			return nil // or not yet whole: the next look tries again
		case errors.As(err, &corrupt):
			l.hole, c.gap = err, true
			r = txnlog.NewReaderAt(f, l.path, corrupt.Next)
			continue
		default:
			l.stuck = err
			return nil
		}
		if err := context.Cause(ctx); err != nil {
			return err
		}
		if c.add(rec) {
			continue
		}
		if c.split, err = before.echo(rec); err != nil {
			return err
		}
		if c.split {
			c.pass(rec)
		} else {
			l.stuck = fmt.Errorf("%s at offset %d: zxid %s after %s: the server's state went back", l.path, rec.Offset, rec.Zxid, c.last)
			return nil
		}
	}
}

// remember keeps what was found, and what recognizes the file's first and last record.
func (l *logFile) remember(f io.ReaderAt, c fold) error {
	last, err := l.printAt(f, c.at, c.end-c.at)
	if err != nil {
		return err
	}
	if l.empty() {
		rec, err := txnlog.NewReaderAt(f, l.path, c.start).Next()
		if err != nil {
			return err
		}
		if l.first, err = l.printAt(f, rec.Offset, rec.Size()); err != nil {
			return err
		}
	}
	l.last, l.end, l.gap = last, c.end, c.gapAtEnd
	l.added = append(l.added, c.runs...)
	if n := len(c.runs); n > 0 {
		l.lastZxid = c.runs[n-1].Last
	}
	return nil
}

// empty tells whether no record has been read yet.
func (l *logFile) empty() bool { return l.last.size == 0 }

// readBehindEnd looks behind the end of a log that the server has left, until nothing is there: records behind lost bytes,
// which the server itself would not load, are read all the same.
func (l *logFile) readBehindEnd(ctx context.Context, f io.ReaderAt, before *earlier) error {
	end := l.end
	err := txnlog.NewReaderAt(f, l.path, end).CheckEnd()
	if err == nil {
		l.ended = true
		return nil
	}
	var corrupt *txnlog.CorruptError
	if errors.As(err, &corrupt) {
		l.hole, l.gap, l.end = err, true, corrupt.Next
	}
	if err := l.read(ctx, f, before); err != nil {
		return err
	}
	if l.end == end {
		return err
	}
	return nil
}
