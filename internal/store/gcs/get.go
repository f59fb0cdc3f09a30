package gcs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"

	"cloud.google.com/go/storage"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/iterator"

	"github.com/zkark/zkark/internal/store"
)

// Get reads an object from offset on. When the connection breaks, the client asks for the rest. The CRC32C of an object that
// is read from its beginning is compared at its end.
func (b *Bucket) Get(ctx context.Context, key string, offset int64) (io.ReadCloser, error) {
	op := b.begin(ctx, "get", key)
	if err := op.check(); err != nil {
		return nil, err
	}
	if offset < 0 {
		return nil, fmt.Errorf("get %s: %w offset %d", key, store.ErrInvalid, offset)
	}
	r, err := op.object().NewRangeReader(ctx, offset, -1)
	var answer *googleapi.Error
	if errors.As(err, &answer) && answer.Code == http.StatusRequestedRangeNotSatisfiable {
		return op.atEnd(offset)
	}
	if err != nil {
		return nil, op.failed(err)
	}
	op.progress()
	return &reader{op: op, r: r, left: r.Remain()}, nil
}

// atEnd answers for an offset that the store finds no byte at.
func (o *operation) atEnd(offset int64) (io.ReadCloser, error) {
	attrs, err := o.object().Attrs(o.ctx)
	switch {
	case err != nil:
		return nil, o.failed(err)
	case offset == attrs.Size:
		return io.NopCloser(strings.NewReader("")), nil
	case offset > attrs.Size:
		return nil, fmt.Errorf("%s: %w offset %d of %d bytes", o.what(), store.ErrInvalid, offset, attrs.Size)
	}
	return nil, fmt.Errorf("%s: %w: the store refuses offset %d of %d bytes", o.what(), store.ErrUnavailable, offset, attrs.Size)
}

// reader holds the store to the length it announced.
type reader struct {
	op   *operation
	r    *storage.Reader
	left int64
}

func (r *reader) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if n > 0 {
		r.left -= int64(n)
		r.op.progress()
	}
	switch {
	case err == nil:
		return n, nil
	case err != io.EOF:
		return n, r.op.failed(err)
	case r.left != 0:
		return n, r.op.failed(fmt.Errorf("%w: %d bytes are missing", io.ErrUnexpectedEOF, r.left))
	}
	return n, io.EOF
}

func (r *reader) Close() error { return r.r.Close() }

// List yields objects in order of their names' bytes, which is the store's order. Objects with names that are no keys are
// left out.
func (b *Bucket) List(ctx context.Context, prefix, after string) iter.Seq2[store.Attrs, error] {
	return func(yield func(store.Attrs, error) bool) {
		op := b.begin(ctx, "list", b.prefix+prefix)
		query, err := b.query(prefix, after)
		if err != nil {
			yield(store.Attrs{}, op.failed(err))
			return
		}
		objects := op.handle().Objects(ctx, query)
		for {
			object, err := objects.Next()
			if errors.Is(err, iterator.Done) {
				return
			}
			if err != nil {
				yield(store.Attrs{}, op.failed(err))
				return
			}
			op.progress()
			attrs := b.attrs(object)
			if attrs.Key <= after || store.CheckKey(attrs.Key) != nil {
				continue
			}
			if !yield(attrs, nil) {
				return
			}
		}
	}
}

// query asks for as little as a listing tells. The store's offset is the first name to yield, so after itself comes too.
func (b *Bucket) query(prefix, after string) (*storage.Query, error) {
	q := &storage.Query{Prefix: b.prefix + prefix, Projection: storage.ProjectionNoACL}
	if after != "" {
		q.StartOffset = b.prefix + after
	}
	return q, q.SetAttrSelection([]string{"Name", "Size", "Created"})
}
