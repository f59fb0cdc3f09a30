package restore

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/zkark/zkark/internal/store"
)

// fruitless is how often in a row a connection may break without having brought a byte. Drivers try again themselves when an
// object cannot be opened.
const fruitless = 4

// resumed reads a range of an object, and goes on where it was when a connection breaks.
type resumed struct {
	ctx    context.Context
	bucket store.Bucket
	key    string
	at     int64         // of the next byte
	end    int64         // of the range
	body   io.ReadCloser // nil when none is open
	broken int           // connections in a row that brought nothing
	count  func(int)
}

// Read fails with *MissingError when the object is not there any more, and with io.ErrUnexpectedEOF when it is shorter than
// the listing said.
func (r *resumed) Read(p []byte) (int, error) {
	for {
		if err := context.Cause(r.ctx); err != nil {
			return 0, err
		}
		if r.at >= r.end {
			return 0, io.EOF
		}
		if err := r.open(); err != nil {
			return 0, err
		}
		n, err := r.body.Read(p[:min(int64(len(p)), r.end-r.at)])
		if n > 0 {
			r.at, r.broken = r.at+int64(n), 0
			r.count(n)
			return n, nil
		}
		if err == nil {
			continue
		}
		r.Close()
		if r.broken++; r.broken >= fruitless {
			return 0, r.gaveUp(err)
		}
	}
}

func (r *resumed) open() error {
	if r.body != nil {
		return nil
	}
	body, err := r.bucket.Get(r.ctx, r.key, r.at)
	if errors.Is(err, store.ErrNotFound) {
		return &MissingError{Key: r.key, Err: err}
	}
	if err != nil {
		return fmt.Errorf("fetch %s from byte %d: %w", r.key, r.at, err)
	}
	r.body = body
	return nil
}

func (r *resumed) gaveUp(err error) error {
	if err == io.EOF {
		return &DamagedError{Key: r.key, Err: fmt.Errorf("it has %d bytes, and the listing says %d or more: %w", r.at, r.end, io.ErrUnexpectedEOF)}
	}
	return fmt.Errorf("fetch %s from byte %d: %w", r.key, r.at, err)
}

// Close gives the connection up.
func (r *resumed) Close() error {
	if r.body == nil {
		return nil
	}
	err := r.body.Close()
	r.body = nil
	return err
}

// MissingError is returned when an object that was listed is not there.
type MissingError struct {
	Key string
	Err error
}

// Error names the object.
func (e *MissingError) Error() string {
	return fmt.Sprintf("object %s was listed and is not there: has it been pruned meanwhile?", e.Key)
}

// Unwrap gives the cause.
func (e *MissingError) Unwrap() error { return e.Err }
