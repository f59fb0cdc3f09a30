package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
)

// BytesBody is a Body of bytes in memory.
func BytesBody(b []byte) Body {
	return Body{
		Size:   int64(len(b)),
		SHA256: sha256.Sum256(b),
		Open:   func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil },
	}
}

// CopyTo writes the body to w and proves on the way that it has the size and hash it says. The error wraps ErrInvalid when
// it has not, and the cause when the context ends first.
func (b Body) CopyTo(ctx context.Context, w io.Writer) error {
	r, err := b.Open()
	if err != nil {
		return fmt.Errorf("open the body: %w", err)
	}
	defer r.Close()
	hash := sha256.New()
	n, err := io.Copy(io.MultiWriter(w, hash), io.LimitReader(contextReader{ctx, r}, b.Size+1))
	if err != nil {
		return fmt.Errorf("copy the body: %w", err)
	}
	switch {
	case n < b.Size:
		return fmt.Errorf("%w body: %d bytes of %d", ErrInvalid, n, b.Size)
	case n > b.Size:
		return fmt.Errorf("%w body: more than the %d bytes it says", ErrInvalid, b.Size)
	case [sha256.Size]byte(hash.Sum(nil)) != b.SHA256:
		return fmt.Errorf("%w body: its hash is not the one it says", ErrInvalid)
	}
	return context.Cause(ctx)
}

// contextReader ends a copy between two reads when the context ends.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := context.Cause(c.ctx); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
