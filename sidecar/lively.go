package sidecar

import (
	"context"
	"io"
	"iter"

	"github.com/zkark/zkark/internal/store"
)

// lively is a bucket that notes that whoever works with it is alive, for as long as bytes move: a large snapshot takes long, and
// one that does not move at all is dead.
type lively struct {
	store.Bucket
	beat func(context.Context)
}

// Put creates an object.
func (l lively) Put(ctx context.Context, key string, body store.Body) error {
	open := body.Open
	body.Open = func() (io.ReadCloser, error) {
		r, err := open()
		if err != nil {
			return nil, err
		}
		return livelyReader{ctx, r, l.beat}, nil
	}
	l.beat(ctx)
	defer l.beat(ctx)
	return l.Bucket.Put(ctx, key, body)
}

// Get reads an object.
func (l lively) Get(ctx context.Context, key string, offset int64) (io.ReadCloser, error) {
	l.beat(ctx)
	r, err := l.Bucket.Get(ctx, key, offset)
	if err != nil {
		return nil, err
	}
	return livelyReader{ctx, r, l.beat}, nil
}

// List yields objects.
func (l lively) List(ctx context.Context, prefix, after string) iter.Seq2[store.Attrs, error] {
	return func(yield func(store.Attrs, error) bool) {
		l.beat(ctx)
		n := 0
		for a, err := range l.Bucket.List(ctx, prefix, after) {
			if n++; n%1000 == 0 { // about a page
				l.beat(ctx)
			}
			if !yield(a, err) {
				return
			}
		}
	}
}

// Delete removes an object.
func (l lively) Delete(ctx context.Context, key string) error {
	l.beat(ctx)
	return l.Bucket.Delete(ctx, key)
}

type livelyReader struct {
	ctx  context.Context
	r    io.ReadCloser
	beat func(context.Context)
}

func (r livelyReader) Read(p []byte) (int, error) {
	r.beat(r.ctx)
	return r.r.Read(p)
}

func (r livelyReader) Close() error { return r.r.Close() }
