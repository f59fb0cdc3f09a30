package inspect

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/zkark/zkark/internal/zookeeper"
)

// pollEvery is how long a change can go unseen where file notifications do not work, as on network file systems.
const pollEvery = 500 * time.Millisecond

// markSize is the start of a record that no other shares: checksum 8, length 4, header 32.
const markSize = 44

// errRemoved ends following: the file is gone, so nothing more comes.
var errRemoved = errors.New("was removed")

// follow shows a log's records as they come, until ctx ends.
func follow(ctx context.Context, p printer, path string, o Options) error {
	hints := hint(ctx, path)
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	f := follower{path: path, out: p, options: o}
	defer f.close()
	for {
		err := f.look(ctx)
		err = errors.Join(err, p.flush())
		switch {
		case errors.Is(err, errRemoved):
			o.Note(err.Error())
			return nil
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		case <-hints:
		}
	}
}

// hint signals when the file changes. Without notifications the ticker has to do.
func hint(ctx context.Context, path string) <-chan fsnotify.Event {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return nil
	}
	context.AfterFunc(ctx, func() { watcher.Close() })
	if err := watcher.Add(path); err != nil {
		return nil
	}
	return watcher.Events
}

// follower keeps one log open from look to look.
type follower struct {
	path    string
	out     printer
	options Options
	file    *os.File
	info    os.FileInfo
	view    *logView
	mark    []byte // how the newest record began, to tell when the log is written anew
	next    string // a newer log that was there at the last look; "" for none
}

// look shows what is new. A log that was truncated or replaced is shown again from its start.
func (f *follower) look(ctx context.Context) error {
	if f.file == nil {
		if err := f.open(); err != nil || f.file == nil {
			return err
		}
	}
	renewed, err := f.renewed(ctx)
	if err != nil {
		return err
	}
	if renewed {
		f.options.Note(fmt.Sprintf("%s: was truncated or written anew; it is shown again from its start", f.path))
		f.close()
		return nil
	}
	err = f.view.toEnd(ctx)
	if f.view.bad != nil {
		f.options.Note(f.view.bad.Error())
		f.view.bad = nil
	}
	if err != nil && !f.view.tail(err) {
		return err
	}
	if f.mark, err = f.readMark(); err != nil {
		return err
	}
	return f.roll()
}

// roll goes on with the log that the server went on with. A log gets its last records after the next one appears, so it
// is looked at once more before it is left.
func (f *follower) roll() error {
	next, err := nextLog(f.path)
	if err != nil || next == "" {
		return err
	}
	if next == f.next {
		f.options.Note(fmt.Sprintf("%s: the server goes on with %s", f.path, filepath.Base(next)))
		f.close()
		f.path = next
	}
	f.next = next
	return nil
}

// nextLog is the oldest log in the directory that is newer than the one at path; "" when there is none.
func nextLog(path string) (string, error) {
	current, ok := zookeeper.ParseLogName(filepath.Base(path))
	if !ok {
		return "", nil
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return "", plain(filepath.Dir(path), err)
	}
	next := zookeeper.Zxid(math.MaxUint64)
	for _, e := range entries {
		if first, ok := zookeeper.ParseLogName(e.Name()); ok && first > current {
			next = min(next, first)
		}
	}
	if next == math.MaxUint64 {
		return "", nil
	}
	return filepath.Join(filepath.Dir(path), zookeeper.LogName(next)), nil
}

// open opens the log once it has begun: one that was just created is empty for a moment.
func (f *follower) open() error {
	file, err := openRegular(f.path)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err == nil && info.Size() > 0 {
		err = beALog(file, f.path)
	}
	if err != nil || info.Size() == 0 {
		file.Close()
		return err
	}
	f.mark = nil
	f.file, f.info, f.view = file, info, newLogView(file, f.path, f.out, f.options)
	return nil
}

func beALog(file *os.File, path string) error {
	head := make([]byte, len(kindLog))
	n, err := file.ReadAt(head, 0)
	if n < len(head) && err != nil {
		head = head[:n]
	}
	if !bytes.HasPrefix([]byte(kindLog), head) {
		return fmt.Errorf("%s: is not a transaction log: only a log can be followed", path)
	}
	return nil
}

// renewed says whether what was shown is still what the file holds.
func (f *follower) renewed(ctx context.Context) (bool, error) {
	now, err := os.Stat(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		_ = f.view.toEnd(ctx) // what the open file still holds; that it is gone matters more than how it ends
		return false, fmt.Errorf("%s: %w", f.path, errRemoved)
	}
	if err != nil {
		return false, plain(f.path, err)
	}
	if !os.SameFile(now, f.info) || now.Size() < f.view.r.Offset() && f.view.records > 0 {
		return true, nil
	}
	mark, err := f.readMark()
	return err == nil && !bytes.Equal(mark, f.mark), err
}

// readMark reads how the newest record shown begins, as far as it is still there: checksum, length and header.
func (f *follower) readMark() ([]byte, error) {
	if f.view.records == 0 {
		return nil, nil
	}
	mark := make([]byte, markSize)
	n, err := f.file.ReadAt(mark, f.view.newest)
	if err != nil && err != io.EOF {
		return nil, plain(f.path, err)
	}
	return mark[:n], nil
}

func (f *follower) close() {
	if f.file != nil {
		f.file.Close()
		f.file = nil
	}
}
