package storetest

import (
	"context"
	"io"
	"iter"

	"github.com/zkark/zkark/internal/store"
)

// Faulty is a bucket that fails on demand. A nil hook never fails. The hooks run in the caller's goroutine, so a
// hook can also block or count.
type Faulty struct {
	store.Bucket

	// Before is asked before each call, with its name in lower case and its key or prefix; an error is
	// returned and the call is not made.
	Before func(op, key string) error

	// After is asked after each Put and Delete that succeeded; an error is returned although the call took effect, as when
	// the response is lost.
	After func(op, key string) error
}

func ask(hook func(op, key string) error, op, key string) error {
	if hook == nil {
		return nil
	}
	return hook(op, key)
}

// Put creates an object, if the hooks let it.
func (f *Faulty) Put(ctx context.Context, key string, body store.Body) error {
	if err := ask(f.Before, "put", key); err != nil {
		return err
	}
	if err := f.Bucket.Put(ctx, key, body); err != nil {
		return err
	}
	return ask(f.After, "put", key)
}

// Get reads an object, if the hook lets it.
func (f *Faulty) Get(ctx context.Context, key string, offset int64) (io.ReadCloser, error) {
	if err := ask(f.Before, "get", key); err != nil {
		return nil, err
	}
	return f.Bucket.Get(ctx, key, offset)
}

// Stat describes an object, if the hook lets it.
func (f *Faulty) Stat(ctx context.Context, key string) (store.Attrs, error) {
	if err := ask(f.Before, "stat", key); err != nil {
		return store.Attrs{}, err
	}
	return f.Bucket.Stat(ctx, key)
}

// List lists, if the hook lets it.
func (f *Faulty) List(ctx context.Context, prefix, after string) iter.Seq2[store.Attrs, error] {
	if err := ask(f.Before, "list", prefix); err != nil {
		return func(yield func(store.Attrs, error) bool) { yield(store.Attrs{}, err) }
	}
	return f.Bucket.List(ctx, prefix, after)
}

// Delete removes an object, if the hooks let it.
func (f *Faulty) Delete(ctx context.Context, key string) error {
	if err := ask(f.Before, "delete", key); err != nil {
		return err
	}
	if err := f.Bucket.Delete(ctx, key); err != nil {
		return err
	}
	return ask(f.After, "delete", key)
}
