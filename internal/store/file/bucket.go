package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/zkark/zkark/internal/store"
)

// Bucket is a directory of objects.
type Bucket struct {
	root string
}

// Open makes a bucket of the directory root, an absolute path. The directory is created by the first Put; the one above it has
// to be there, so that a volume that is not mounted is an error and not an empty archive. Where something else has the name, Open
// fails.
func Open(root string) (*Bucket, error) {
	if !filepath.IsAbs(root) {
		return nil, fmt.Errorf("open bucket %q: %w path: want an absolute one", root, store.ErrInvalid)
	}
	if info, err := os.Stat(root); err == nil && !info.IsDir() {
		return nil, fmt.Errorf("open bucket %s: %w", root, syscall.ENOTDIR)
	}
	return &Bucket{root: filepath.Clean(root)}, nil
}

// Get reads an object from offset on.
func (b *Bucket) Get(ctx context.Context, key string, offset int64) (io.ReadCloser, error) {
	f, attrs, err := b.open(ctx, "get", key)
	if err != nil {
		return nil, err
	}
	if offset < 0 || offset > attrs.Size {
		f.Close()
		return nil, fmt.Errorf("get %s: %w offset %d of %d bytes", key, store.ErrInvalid, offset, attrs.Size)
	}
	if _, err := f.Seek(offset, io.SeekStart); err != nil {
		f.Close()
		return nil, failed("get "+key, err)
	}
	return f, nil
}

// Stat describes an object.
func (b *Bucket) Stat(ctx context.Context, key string) (store.Attrs, error) {
	f, attrs, err := b.open(ctx, "stat", key)
	if err != nil {
		return store.Attrs{}, err
	}
	f.Close()
	return attrs, nil
}

func (b *Bucket) open(ctx context.Context, op, key string) (*os.File, store.Attrs, error) {
	if err := check(ctx, op, key); err != nil {
		return nil, store.Attrs{}, err
	}
	f, err := os.Open(b.path(key))
	if err != nil {
		return nil, store.Attrs{}, failed(op+" "+key, err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		f.Close()
		return nil, store.Attrs{}, failed(op+" "+key, err)
	}
	return f, store.Attrs{Key: key, Size: info.Size(), Modified: info.ModTime()}, nil
}

// Delete removes an object, and leaves its directory.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	if err := check(ctx, "delete", key); err != nil {
		return err
	}
	err := os.Remove(b.path(key))
	if err == nil {
		err = syncDir(filepath.Dir(b.path(key)))
	}
	if err == nil || isAbsent(err) {
		return nil
	}
	return failed("delete "+key, err)
}

// Close does nothing: a Bucket holds nothing open.
func (b *Bucket) Close() error { return nil }

func (b *Bucket) path(key string) string { return filepath.Join(b.root, filepath.FromSlash(key)) }

func check(ctx context.Context, op, key string) error {
	if err := store.CheckKey(key); err != nil {
		return err
	}
	if err := context.Cause(ctx); err != nil {
		return fmt.Errorf("%s %s: %w", op, key, err)
	}
	return nil
}

// isAbsent: a path below a plain file is as absent as one below a missing directory.
func isAbsent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// failed adds what was done to what, and the store's word for the error.
func failed(what string, err error) error {
	word := store.ErrUnavailable
	switch {
	case errors.Is(err, store.ErrInvalid) || errors.Is(err, store.ErrUnsupported) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s: %w", what, err)
	case isAbsent(err):
		word = store.ErrNotFound
	case errors.Is(err, fs.ErrExist):
		word = store.ErrExists
	case errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS):
		word = store.ErrDenied
	}
	return fmt.Errorf("%s: %w: %w", what, word, err)
}
