package store

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"
)

// The errors that callers decide on. Drivers wrap them, with the operation and the key.
var (
	ErrNotFound    = errors.New("no such object")
	ErrExists      = errors.New("object exists")
	ErrDenied      = errors.New("access denied")
	ErrUnavailable = errors.New("store unavailable")
	ErrNoBucket    = errors.New("no such bucket")

	// ErrUnsupported is of a store that cannot do what zkark needs of it. Trying again does not help; another store, or other
	// options, do.
	ErrUnsupported = errors.New("the store cannot do what is needed")
)

// Body is what Put writes: bytes that can be opened again for a retry, with their size and hash known
// before the first of them is sent.
type Body struct {
	Size   int64
	SHA256 [32]byte
	Open   func() (io.ReadCloser, error)
}

// Attrs is what a listing tells of an object.
type Attrs struct {
	Key      string
	Size     int64
	Modified time.Time // the store's clock
}

// Bucket is a place that keeps objects by key. Keys are relative to the bucket's prefix, use / as separator, and hold only
// letters, digits, '.', '_', '-' and '/'. All methods may be called from several goroutines at once.
type Bucket interface {
	// Put creates an object, or fails with ErrExists when the key is taken, whatever its content. The body is durable when
	// Put returns nil. A body that is shorter or longer than it says, or has another hash, creates nothing.
	Put(ctx context.Context, key string, body Body) error

	// Get reads an object from offset to its end. A missing object is ErrNotFound.
	Get(ctx context.Context, key string, offset int64) (io.ReadCloser, error)

	// Stat describes an object. A missing object is ErrNotFound.
	Stat(ctx context.Context, key string) (Attrs, error)

	// List yields the objects whose keys begin with prefix and sort after after, in order of their keys' bytes. It stops at
	// the first error.
	List(ctx context.Context, prefix, after string) iter.Seq2[Attrs, error]

	// Delete removes an object. A missing one is not an error.
	Delete(ctx context.Context, key string) error

	// Close releases what the driver holds. It does not wait for calls under way.
	Close() error
}
