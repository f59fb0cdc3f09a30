package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/zkark/zkark/internal/store"
)

const (
	tempDir  = ".zkark-tmp"
	tempName = "put-*"

	// staleAfter is when a temporary file belongs to nobody any more. Several servers share the directory, so only age
	// tells.
	staleAfter = 24 * time.Hour
)

// Put creates an object. When it returns, the object and its name are durable.
func (b *Bucket) Put(ctx context.Context, key string, body store.Body) error {
	if err := check(ctx, "put", key); err != nil {
		return err
	}
	target := b.path(key)
	if _, err := os.Lstat(target); err == nil {
		return fmt.Errorf("put %s: %w", key, store.ErrExists)
	}
	if err := b.put(ctx, target, body); err != nil {
		return failed("put "+key, err)
	}
	return nil
}

func (b *Bucket) put(ctx context.Context, target string, body store.Body) error {
	if err := b.makeDir(filepath.Dir(target)); err != nil {
		return noRoot(err)
	}
	temp, err := b.writeTemp(ctx, body)
	if temp != "" {
		defer os.Remove(temp)
	}
	if err != nil {
		return err
	}
	if err := os.Link(temp, target); err != nil {
		return noLinks(err)
	}
	return syncDir(filepath.Dir(target))
}

// writeTemp makes the body durable under a name that no listing shows. It returns the name of what it created, even when it fails.
func (b *Bucket) writeTemp(ctx context.Context, body store.Body) (string, error) {
	dir := filepath.Join(b.root, tempDir)
	if err := b.makeDir(dir); err != nil {
		return "", noRoot(err)
	}
	f, err := os.CreateTemp(dir, tempName)
	if err != nil {
		return "", err
	}
	err = body.CopyTo(ctx, f)
	if err == nil {
		err = f.Chmod(0o644)
	}
	if err == nil {
		err = f.Sync()
	}
	if info, serr := f.Stat(); serr == nil {
		sweep(dir, info.ModTime())
	}
	return f.Name(), errors.Join(err, f.Close())
}

// sweep removes what processes that died left behind. Now is the file system's own clock.
func sweep(dir string, now time.Time) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && now.Sub(info.ModTime()) > staleAfter {
			os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}

// makeDir creates dir and what lacks above it, the root included but nothing above the root, each durably.
func (b *Bucket) makeDir(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if dir != b.root {
		if err := b.makeDir(filepath.Dir(dir)); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(filepath.Dir(dir))
}

// noRoot: a missing directory while writing is the store's failure, not an absent object.
func noRoot(err error) error {
	if isAbsent(err) {
		return fmt.Errorf("%w: %s", errUnmounted, err)
	}
	return err
}

// noLinks: a file system without hard links says of its own files that the operation is not permitted, or not supported.
func noLinks(err error) error {
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, errors.ErrUnsupported) {
		return fmt.Errorf("%w, which is hard links: an object that is whole gets its name by one: %w", store.ErrUnsupported, err)
	}
	return err
}

var errUnmounted = errors.New("the directory above the bucket is not there")

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
