package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/zkark/zkark/internal/store"
)

// Get reads an object from offset on. When the connection breaks, the rest is asked for.
func (b *Bucket) Get(ctx context.Context, key string, offset int64) (io.ReadCloser, error) {
	op, err := b.begin(ctx, "get", key)
	if err != nil {
		return nil, err
	}
	if offset < 0 {
		return nil, fmt.Errorf("get %s: %w offset %d", key, store.ErrInvalid, offset)
	}
	r := &reader{op: op, at: offset}
	err = r.open()
	if statusOf(err) == http.StatusRequestedRangeNotSatisfiable {
		return op.atEnd(offset)
	}
	if err != nil {
		return nil, op.failed(err)
	}
	return r, nil
}

// atEnd answers for an offset that the store finds no byte at.
func (o *operation) atEnd(offset int64) (io.ReadCloser, error) {
	attrs, err := o.Stat(o.ctx, o.key)
	switch {
	case err != nil:
		return nil, err
	case offset == attrs.Size:
		return io.NopCloser(strings.NewReader("")), nil
	case offset > attrs.Size:
		return nil, fmt.Errorf("%s: %w offset %d of %d bytes", o.what(), store.ErrInvalid, offset, attrs.Size)
	}
	return nil, fmt.Errorf("%s: %w: the store refuses offset %d of %d bytes", o.what(), store.ErrUnavailable, offset, attrs.Size)
}

// reader holds the store to the length it announced, and asks again for what a broken connection left out.
type reader struct {
	op     *operation
	body   io.ReadCloser
	at     int64
	left   int64   // bytes to come
	etag   *string // of the object that was opened first; an object that is not the same any more is none
	broken int     // connections since the last byte
}

func (r *reader) open() error {
	in := &s3.GetObjectInput{Bucket: &r.op.options.Bucket, Key: r.op.name(), IfMatch: r.etag}
	if r.at > 0 {
		in.Range = new(fmt.Sprintf("bytes=%d-", r.at))
	} else {
		in.ChecksumMode = types.ChecksumModeEnabled
	}
	out, err := r.op.client.GetObject(r.op.ctx, in)
	if err != nil {
		return err
	}
	if err := r.check(out); err != nil {
		out.Body.Close()
		return err
	}
	r.body, r.left, r.etag = out.Body, *out.ContentLength, out.ETag
	return nil
}

// check refuses an answer from another offset: a store that does not know ranges sends the whole object.
func (r *reader) check(out *s3.GetObjectOutput) error {
	switch {
	case out.ContentLength == nil:
		return errors.New("the store does not tell the length")
	case r.at > 0 && (out.ContentRange == nil || !strings.HasPrefix(*out.ContentRange, fmt.Sprintf("bytes %d-", r.at))):
		return fmt.Errorf("the store does not tell that it sends from offset %d on", r.at)
	}
	return nil
}

func (r *reader) Read(p []byte) (int, error) {
	for {
		n, err := r.body.Read(p)
		r.at, r.left = r.at+int64(n), r.left-int64(n)
		if n > 0 {
			r.broken = 0
		}
		switch {
		case err == nil:
			return n, nil
		case err == io.EOF && r.left == 0:
			return n, io.EOF
		case n > 0:
			return n, nil // the next call meets the error again
		}
		if err := r.resume(err); err != nil {
			return 0, err
		}
	}
}

// resume goes on behind a broken connection. What reached the end with another checksum than the store has does not heal.
func (r *reader) resume(broken error) error {
	r.broken++
	if r.left <= 0 || r.broken >= r.op.options.Attempts {
		return r.op.failed(fmt.Errorf("%w at offset %d, %d bytes before the end", broken, r.at, r.left))
	}
	r.body.Close()
	err := r.open()
	switch {
	case statusOf(err) == http.StatusPreconditionFailed:
		return r.op.failed(fmt.Errorf("%w at offset %d, and the object is another now", broken, r.at))
	case err != nil:
		return r.op.failed(err)
	}
	return nil
}

func (r *reader) Close() error { return r.body.Close() }

// Stat describes an object.
func (b *Bucket) Stat(ctx context.Context, key string) (store.Attrs, error) {
	op, err := b.begin(ctx, "stat", key)
	if err != nil {
		return store.Attrs{}, err
	}
	out, err := b.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &b.options.Bucket, Key: op.name()})
	if err != nil {
		return store.Attrs{}, op.failed(err)
	}
	return attrs(key, out.ContentLength, out.LastModified), nil
}

func attrs(key string, size *int64, modified *time.Time) store.Attrs {
	a := store.Attrs{Key: key}
	if size != nil {
		a.Size = *size
	}
	if modified != nil {
		a.Modified = *modified
	}
	return a
}

// List yields objects in order of their names' bytes, which is the store's order. Objects with names that are no keys are
// left out.
func (b *Bucket) List(ctx context.Context, prefix, after string) iter.Seq2[store.Attrs, error] {
	return func(yield func(store.Attrs, error) bool) {
		op := &operation{b, ctx, "list", prefix}
		in := &s3.ListObjectsV2Input{Bucket: &b.options.Bucket, Prefix: new(b.prefix + prefix)}
		if after != "" {
			in.StartAfter = new(b.prefix + after)
		}
		for pages := s3.NewListObjectsV2Paginator(b.client, in); pages.HasMorePages(); {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(store.Attrs{}, op.failed(err))
				return
			}
			for _, object := range page.Contents {
				key := strings.TrimPrefix(*object.Key, b.prefix)
				if key <= after || store.CheckKey(key) != nil {
					continue
				}
				if !yield(attrs(key, object.Size, object.LastModified), nil) {
					return
				}
			}
		}
	}
}

// Delete removes an object. The store says the same whether it was there or not.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	op, err := b.begin(ctx, "delete", key)
	if err != nil {
		return err
	}
	_, err = b.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.options.Bucket, Key: op.name()})
	if err != nil && wordFor(err) != store.ErrNotFound {
		return op.failed(err)
	}
	return nil
}
