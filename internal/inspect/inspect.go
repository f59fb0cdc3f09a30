package inspect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/zookeeper"
)

// Options says what to show of a file.
type Options struct {
	JSON   bool // one object a line instead of a table
	Nodes  bool // every node of a snapshot, not only the summary
	Follow bool // wait for more records at the end of a log, until the context ends or the file is removed

	// Note is told what a person should know and what does not make the file bad, one sentence at a time.
	Note func(sentence string)
}

// File shows one file on out. A file that is not what it should be is an error that names it, after everything that could be
// read was shown. Following ends with nil when ctx does.
func File(ctx context.Context, out io.Writer, path string, o Options) error {
	if o.Follow {
		return follow(ctx, newPrinter(out, path, o), path, o)
	}
	in, err := open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	p := newPrinter(out, path, o)
	if in.kind == kindLog {
		err = showLog(ctx, p, in, o)
	} else {
		err = showSnapshot(ctx, p, in, o)
	}
	return errors.Join(err, p.flush())
}

type kind string

const (
	kindLog      kind = "ZKLG" // ZooKeeper FileTxnLog.TXNLOG_MAGIC
	kindSnapshot kind = "ZKSN" // ZooKeeper FileSnap.SNAP_MAGIC
)

// objectMagic is the first bytes of an archive object: the zstd skippable frame with zkark's metadata.
const objectMagic = "\x50\x2a\x4d\x18"

// input is an open file and what its first bytes say of it.
type input struct {
	*os.File
	path        string // for messages, as it was given
	name        string // ZooKeeper's name of the file
	kind        kind
	compression zookeeper.Compression
}

func open(path string) (*input, error) {
	f, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	in := &input{File: f, path: path, name: filepath.Base(path)}
	if err := in.recognize(); err != nil {
		in.Close()
		return nil, err
	}
	return in, nil
}

// openRegular opens a file, and nothing that could block or never end.
func openRegular(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, plain(path, err)
	}
	if info.IsDir() {
		return nil, fmt.Errorf("%s: is a directory: name the files in it, as %s", path, filepath.Join(path, "log.*"))
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: is not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, plain(path, err)
	}
	return f, nil
}

// plain makes a sentence of the operating system's error, which has the path in the middle.
func plain(path string, err error) error {
	var failed *fs.PathError
	if errors.As(err, &failed) {
		return fmt.Errorf("%s: %w", path, failed.Err)
	}
	return fmt.Errorf("%s: %w", path, err)
}

// recognize tells what the file is: by its name when it is packed, else by its magic.
func (in *input) recognize() error {
	head := make([]byte, len(kindLog))
	n, err := in.ReadAt(head, 0)
	switch magic := string(head[:n]); {
	case err != nil && err != io.EOF:
		return plain(in.path, err)
	case n == 0:
		return fmt.Errorf("%s: is empty", in.path)
	case magic == objectMagic:
		return in.unwrap()
	case strings.HasSuffix(in.name, ".gz"):
		in.kind, in.compression = kindSnapshot, zookeeper.Gzip
	case strings.HasSuffix(in.name, ".snappy"):
		in.kind, in.compression = kindSnapshot, zookeeper.Snappy
	case magic == string(kindLog) || magic == string(kindSnapshot):
		in.kind = kind(magic)
	default:
		return fmt.Errorf("%s: is neither a transaction log nor a snapshot of ZooKeeper", in.path)
	}
	return nil
}

// unwrap unpacks an archive object into a file without a name, because a log is read at offsets, and goes on with that.
func (in *input) unwrap() error {
	object, err := archive.NewDecoder(in.File)
	if err != nil {
		return fmt.Errorf("%s: %w", in.path, err)
	}
	defer object.Close()
	spool, err := os.CreateTemp("", "zkark-inspect-*")
	if err != nil {
		return fmt.Errorf("%s: unpack: %w", in.path, err)
	}
	packed := in.File
	defer packed.Close()
	in.File, in.name = spool, filepath.Base(object.Meta().File)
	if err := os.Remove(spool.Name()); err != nil {
		return fmt.Errorf("%s: unpack: %w", in.path, err)
	}
	if _, err := io.Copy(spool, object); err != nil {
		return fmt.Errorf("%s: unpack: %w", in.path, err)
	}
	if _, err := spool.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("%s: unpack: %w", in.path, err)
	}
	return in.recognize()
}
