package gcs

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"cloud.google.com/go/storage"
	"google.golang.org/api/option"

	"github.com/zkark/zkark/internal/store"
	"github.com/zkark/zkark/internal/store/patient"
)

// Options is where a bucket is and how objects are written to it. Only Bucket has to be there.
type Options struct {
	Bucket       string
	Prefix       string        // what all objects' names begin with, as zookeeper/prod; a / follows it
	StorageClass string        // as NEARLINE; empty: the bucket's default
	KMSKey       string        // as projects/P/locations/L/keyRings/R/cryptoKeys/K; empty: the bucket's default
	ChunkSize    int           // bytes sent in one request, and held in memory for it; 0: 8 MiB; rounded up to 256 KiB
	Patience     time.Duration // how long an operation goes on while nothing moves; 0: 30 s
}

const (
	defaultChunkSize = 8 << 20
	defaultPatience  = 30 * time.Second
)

// Bucket is a prefix in a bucket of Google Cloud Storage.
type Bucket struct {
	options   Options
	prefix    string // empty, or ends in /
	client    *storage.Client
	transport *http.Transport
}

// Open makes a bucket, without asking the store whether it is there. The error wraps store.ErrInvalid when an option is
// malformed, and store.ErrDenied when there are no credentials.
func Open(ctx context.Context, o Options) (*Bucket, error) {
	if o.ChunkSize == 0 {
		o.ChunkSize = defaultChunkSize
	}
	if o.Patience == 0 {
		o.Patience = defaultPatience
	}
	b := &Bucket{options: o}
	if err := b.setPrefix(); err != nil {
		return nil, fmt.Errorf("open gs://%s/%s: %w", o.Bucket, o.Prefix, err)
	}
	b.transport = patient.NewTransport(o.Patience)
	authorized, err := authorize(b.transport)
	if err != nil {
		return nil, fmt.Errorf("open gs://%s: %w: %w", o.Bucket, store.ErrDenied, err)
	}
	b.client, err = storage.NewClient(ctx, option.WithHTTPClient(authorized), storage.WithJSONReads(), storage.WithDisabledClientMetrics())
	if err != nil {
		return nil, fmt.Errorf("open gs://%s: %w", o.Bucket, err)
	}
	return b, nil
}

func (b *Bucket) setPrefix() error {
	switch {
	case b.options.Bucket == "" || strings.Contains(b.options.Bucket, "/"):
		return fmt.Errorf("%w bucket name %q", store.ErrInvalid, b.options.Bucket)
	case b.options.ChunkSize < 0 || b.options.Patience < 0:
		return fmt.Errorf("%w options: chunk size %d, patience %s", store.ErrInvalid, b.options.ChunkSize, b.options.Patience)
	}
	prefix := strings.Trim(b.options.Prefix, "/")
	if prefix == "" {
		return nil
	}
	b.prefix = prefix + "/"
	return store.CheckKey(prefix)
}

// Stat describes an object.
func (b *Bucket) Stat(ctx context.Context, key string) (store.Attrs, error) {
	op := b.begin(ctx, "stat", key)
	if err := op.check(); err != nil {
		return store.Attrs{}, err
	}
	attrs, err := op.object().Attrs(ctx)
	if err != nil {
		return store.Attrs{}, op.failed(err)
	}
	return b.attrs(attrs), nil
}

// attrs: an object's time is that of its creation, because nothing else about it changes but by a person's hand.
func (b *Bucket) attrs(a *storage.ObjectAttrs) store.Attrs {
	return store.Attrs{Key: strings.TrimPrefix(a.Name, b.prefix), Size: a.Size, Modified: a.Created}
}

// Delete removes an object.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	op := b.begin(ctx, "delete", key)
	if err := op.check(); err != nil {
		return err
	}
	err := op.object().Delete(ctx)
	if err == nil || op.isAbsent(err) {
		return nil
	}
	return op.failed(err)
}

// Close closes the connections that nobody uses.
func (b *Bucket) Close() error {
	err := b.client.Close()
	b.transport.CloseIdleConnections()
	return err
}
