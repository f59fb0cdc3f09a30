package gcs

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"cloud.google.com/go/auth"
	"cloud.google.com/go/storage"
	"github.com/googleapis/gax-go/v2"
	"google.golang.org/api/googleapi"

	"github.com/zkark/zkark/internal/store"
)

// operation is one call of a Bucket's method, with all its attempts.
type operation struct {
	bucket *Bucket
	ctx    context.Context // the caller's
	verb   string
	key    string
	begun  time.Time
	moved  atomic.Int64 // time from begun to the last progress
}

func (b *Bucket) begin(ctx context.Context, verb, key string) *operation {
	return &operation{bucket: b, ctx: ctx, verb: verb, key: key, begun: time.Now()}
}

func (o *operation) check() error {
	if err := store.CheckKey(o.key); err != nil {
		return fmt.Errorf("%s: %w", o.verb, err)
	}
	if err := context.Cause(o.ctx); err != nil {
		return fmt.Errorf("%s: %w", o.what(), err)
	}
	return nil
}

func (o *operation) what() string { return o.verb + " " + o.key }

// progress starts the patience anew.
func (o *operation) progress() { o.moved.Store(int64(time.Since(o.begun))) }

func (o *operation) mayHeal(err error) bool {
	return storage.ShouldRetry(err) && time.Since(o.begun)-time.Duration(o.moved.Load()) < o.bucket.options.Patience
}

// handle tries again whatever the operation: Put carries a precondition, and all others can be repeated.
func (o *operation) handle() *storage.BucketHandle {
	return o.bucket.client.Bucket(o.bucket.options.Bucket).Retryer(
		storage.WithPolicy(storage.RetryAlways),
		storage.WithErrorFunc(o.mayHeal),
		storage.WithBackoff(gax.Backoff{Initial: 200 * time.Millisecond, Max: 10 * time.Second, Multiplier: 2}),
	)
}

func (o *operation) object() *storage.ObjectHandle { return o.handle().Object(o.bucket.prefix + o.key) }

// failed adds what was done to what, and the store's word for the error.
func (o *operation) failed(err error) error {
	var answer *googleapi.Error
	if errors.As(err, &answer) {
		return o.refused(answer)
	}
	if cause := context.Cause(o.ctx); cause != nil {
		return fmt.Errorf("%s: %w", o.what(), cause)
	}
	word := store.ErrUnavailable
	var token *auth.Error
	if errors.As(err, &token) && !token.Temporary() {
		word = store.ErrDenied
	}
	return fmt.Errorf("%s: %w: %w", o.what(), word, err)
}

func (o *operation) refused(answer *googleapi.Error) error {
	word := store.ErrUnavailable
	switch answer.Code {
	case http.StatusBadRequest:
		word = store.ErrInvalid
	case http.StatusUnauthorized, http.StatusForbidden:
		word = store.ErrDenied
	case http.StatusNotImplemented:
		word = store.ErrUnsupported
	case http.StatusPreconditionFailed:
		word = store.ErrExists
	case http.StatusNotFound:
		word = store.ErrNotFound
		if o.missesBucket(answer) {
			return fmt.Errorf("%s: %w: gs://%s: %s", o.what(), store.ErrNoBucket, o.bucket.options.Bucket, sentence(answer))
		}
	}
	return fmt.Errorf("%s: %w: %s", o.what(), word, sentence(answer))
}

// isAbsent tells whether the object is not there, though the bucket is.
func (o *operation) isAbsent(err error) bool {
	var answer *googleapi.Error
	return errors.As(err, &answer) && answer.Code == http.StatusNotFound && !o.missesBucket(answer)
}

// missesBucket: what creates or lists can miss nothing else; for the others only the store's sentence tells.
func (o *operation) missesBucket(answer *googleapi.Error) bool {
	return o.verb == "put" || o.verb == "list" || strings.Contains(answer.Message+answer.Body, "bucket does not exist")
}

// sentence is what the store answered, on one line.
func sentence(answer *googleapi.Error) string {
	said := answer.Message
	if said == "" {
		said = answer.Body
	}
	const longest = 300
	said = strings.Join(strings.Fields(said), " ")
	if len(said) > longest {
		said = said[:longest] + "…"
	}
	return strings.TrimSpace(fmt.Sprintf("the store answered %d %s", answer.Code, said))
}
