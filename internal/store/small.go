package store

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// SmallSize is the most that ReadSmall reads, in bytes.
const SmallSize = 1 << 20

// ReadSmall reads an object whole, of a kind that never takes much. One that is larger than SmallSize is ErrInvalid. Its errors name
// the key.
func ReadSmall(ctx context.Context, b Bucket, key string) ([]byte, error) {
	r, err := b.Get(ctx, key, 0)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	data, err := io.ReadAll(io.LimitReader(r, SmallSize+1))
	if err := errors.Join(err, r.Close()); err != nil {
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	if len(data) > SmallSize {
		return nil, fmt.Errorf("read %s: %w: it is larger than %d bytes", key, ErrInvalid, SmallSize)
	}
	return data, nil
}
