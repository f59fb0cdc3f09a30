package file

import (
	"context"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/zkark/zkark/internal/store"
)

// List yields objects in order of their keys' bytes, reading one directory at a time and none that cannot hold
// a match. A root that is not there yet is empty; when the directory above it is not there either, the store is unavailable.
func (b *Bucket) List(ctx context.Context, prefix, after string) iter.Seq2[store.Attrs, error] {
	return func(yield func(store.Attrs, error) bool) {
		w := walk{ctx: ctx, root: b.root, prefix: prefix, after: after, yield: yield}
		if err := w.rootThere(); err != nil {
			yield(store.Attrs{}, failed("list "+b.root, err))
			return
		}
		w.dir("")
	}
}

type walk struct {
	ctx           context.Context
	root          string
	prefix, after string
	yield         func(store.Attrs, error) bool
}

func (w *walk) rootThere() error {
	_, err := os.Stat(w.root)
	if !isAbsent(err) {
		return err
	}
	if _, err := os.Stat(filepath.Dir(w.root)); err != nil {
		return noRoot(err)
	}
	return nil
}

// dir walks below the directory with the key at, which is empty or ends in /. It returns false to stop.
func (w *walk) dir(at string) bool {
	if err := context.Cause(w.ctx); err != nil {
		return w.fail(at, err)
	}
	entries, err := os.ReadDir(filepath.Join(w.root, filepath.FromSlash(at)))
	if isAbsent(err) {
		return true
	}
	if err != nil {
		return w.fail(at, err)
	}
	for _, e := range sorted(entries) {
		key := at + e.name
		if w.skips(key) {
			continue
		}
		if strings.HasSuffix(key, "/") {
			if !w.dir(key) {
				return false
			}
		} else if !w.object(key, e.entry) {
			return false
		}
	}
	return true
}

func (w *walk) fail(at string, err error) bool {
	w.yield(store.Attrs{}, failed(fmt.Sprintf("list %s%s", w.prefix, strings.TrimPrefix(at, w.prefix)), err))
	return false
}

// skips tells whether key, an object's or that of a directory with its /, is outside what was asked for.
func (w *walk) skips(key string) bool {
	if strings.HasSuffix(key, "/") {
		related := strings.HasPrefix(key, w.prefix) || strings.HasPrefix(w.prefix, key)
		return !related || key < w.after && !strings.HasPrefix(w.after, key)
	}
	return !strings.HasPrefix(key, w.prefix) || key <= w.after
}

func (w *walk) object(key string, e os.DirEntry) bool {
	info, err := e.Info()
	if isAbsent(err) {
		return true // deleted meanwhile
	}
	if err != nil {
		return w.fail(key, err)
	}
	return w.yield(store.Attrs{Key: key, Size: info.Size(), Modified: info.ModTime()}, nil)
}

type named struct {
	name  string // ends in / for a directory, because that is where its objects sort
	entry os.DirEntry
}

// sorted keeps what can be part of a key, in the order of the keys below.
func sorted(entries []os.DirEntry) []named {
	var all []named
	for _, e := range entries {
		name := e.Name()
		if store.CheckKey(name) != nil {
			continue
		}
		switch {
		case e.IsDir():
			all = append(all, named{name + "/", e})
		case e.Type().IsRegular():
			all = append(all, named{name, e})
		}
	}
	slices.SortFunc(all, func(a, b named) int { return strings.Compare(a.name, b.name) })
	return all
}
