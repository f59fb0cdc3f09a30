// Package mem is a bucket in memory: the model that the other drivers are compared with, and the store of tests.
package mem

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/zkark/zkark/internal/store"
)

// Bucket keeps objects in memory. New makes one.
type Bucket struct {
	mu      sync.Mutex
	objects map[string]object
}

type object struct {
	data     []byte
	modified time.Time
}

// New makes an empty bucket.
func New() *Bucket { return &Bucket{objects: map[string]object{}} }

// Put creates an object.
func (b *Bucket) Put(ctx context.Context, key string, body store.Body) error {
	if err := store.CheckKey(key); err != nil {
		return err
	}
	var buf bytes.Buffer
	if err := body.CopyTo(ctx, &buf); err != nil {
		return fmt.Errorf("put %s: %w", key, err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, taken := b.objects[key]; taken {
		return fmt.Errorf("put %s: %w", key, store.ErrExists)
	}
	b.objects[key] = object{data: buf.Bytes(), modified: time.Now()}
	return nil
}

// Get reads an object from offset on.
func (b *Bucket) Get(ctx context.Context, key string, offset int64) (io.ReadCloser, error) {
	o, err := b.find(ctx, "get", key)
	if err != nil {
		return nil, err
	}
	if offset < 0 || offset > int64(len(o.data)) {
		return nil, fmt.Errorf("get %s: %w offset %d of %d bytes", key, store.ErrInvalid, offset, len(o.data))
	}
	return io.NopCloser(bytes.NewReader(o.data[offset:])), nil
}

// Stat describes an object.
func (b *Bucket) Stat(ctx context.Context, key string) (store.Attrs, error) {
	o, err := b.find(ctx, "stat", key)
	if err != nil {
		return store.Attrs{}, err
	}
	return store.Attrs{Key: key, Size: int64(len(o.data)), Modified: o.modified}, nil
}

func (b *Bucket) find(ctx context.Context, op, key string) (object, error) {
	if err := store.CheckKey(key); err != nil {
		return object{}, err
	}
	if err := context.Cause(ctx); err != nil {
		return object{}, fmt.Errorf("%s %s: %w", op, key, err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	o, ok := b.objects[key]
	if !ok {
		return object{}, fmt.Errorf("%s %s: %w", op, key, store.ErrNotFound)
	}
	return o, nil
}

// List yields objects in order of their keys.
func (b *Bucket) List(ctx context.Context, prefix, after string) iter.Seq2[store.Attrs, error] {
	return func(yield func(store.Attrs, error) bool) {
		b.mu.Lock()
		objects := maps.Clone(b.objects)
		b.mu.Unlock()
		for _, key := range slices.Sorted(maps.Keys(objects)) {
			if !strings.HasPrefix(key, prefix) || key <= after {
				continue
			}
			if err := context.Cause(ctx); err != nil {
				yield(store.Attrs{}, fmt.Errorf("list %s: %w", prefix, err))
				return
			}
			if !yield(store.Attrs{Key: key, Size: int64(len(objects[key].data)), Modified: objects[key].modified}, nil) {
				return
			}
		}
	}
}

// Delete removes an object.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	if err := store.CheckKey(key); err != nil {
		return err
	}
	if err := context.Cause(ctx); err != nil {
		return fmt.Errorf("delete %s: %w", key, err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.objects, key)
	return nil
}

// Close does nothing.
func (b *Bucket) Close() error { return nil }
