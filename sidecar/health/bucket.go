package health

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"

	"github.com/zkark/zkark/internal/store"
)

// watched counts and times what is asked of a bucket.
type watched struct {
	store.Bucket
	*Health
}

// Watch makes a bucket whose requests show in the metrics.
func (h *Health) Watch(b store.Bucket) store.Bucket { return watched{b, h} }

func (w watched) done(op string, begun time.Time, err error) {
	w.requests.WithLabelValues(op, result(err)).Inc()
	w.seconds.WithLabelValues(op).Observe(time.Since(begun).Seconds())
}

func result(err error) string {
	for _, known := range []struct {
		err  error
		name string
	}{
		{nil, "ok"}, {store.ErrExists, "exists"}, {store.ErrNotFound, "not_found"}, {store.ErrDenied, "denied"}, {store.ErrNoBucket, "no_bucket"},
		{store.ErrInvalid, "invalid"}, {store.ErrUnsupported, "unsupported"}, {store.ErrUnavailable, "unavailable"}, {context.Canceled, "cancelled"},
	} {
		if err == known.err || known.err != nil && errors.Is(err, known.err) {
			return known.name
		}
	}
	return "error"
}

// Put creates an object.
func (w watched) Put(ctx context.Context, key string, body store.Body) error {
	begun := time.Now()
	err := w.Bucket.Put(ctx, key, body)
	w.done("put", begun, err)
	if err == nil {
		w.bytes.Add(float64(body.Size))
	}
	return err
}

// Get reads an object; its time is that to the first byte.
func (w watched) Get(ctx context.Context, key string, offset int64) (io.ReadCloser, error) {
	begun := time.Now()
	r, err := w.Bucket.Get(ctx, key, offset)
	w.done("get", begun, err)
	return r, err
}

// Stat describes an object.
func (w watched) Stat(ctx context.Context, key string) (store.Attrs, error) {
	begun := time.Now()
	a, err := w.Bucket.Stat(ctx, key)
	w.done("stat", begun, err)
	return a, err
}

// List yields objects. All its pages count as one request.
func (w watched) List(ctx context.Context, prefix, after string) iter.Seq2[store.Attrs, error] {
	return func(yield func(store.Attrs, error) bool) {
		begun := time.Now()
		var failed error
		defer func() { w.done("list", begun, failed) }()
		for a, err := range w.Bucket.List(ctx, prefix, after) {
			failed = err
			if !yield(a, err) {
				return
			}
		}
	}
}

// Delete removes an object.
func (w watched) Delete(ctx context.Context, key string) error {
	begun := time.Now()
	err := w.Bucket.Delete(ctx, key)
	w.done("delete", begun, err)
	return err
}
