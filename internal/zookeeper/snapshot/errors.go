package snapshot

import (
	"errors"
	"fmt"
)

// ErrUnsealed is wrapped by the *FormatError of a snapshot that ends too early, down to an empty one. It may
// still be being written; where it is not, it is torn. Every other *FormatError stays wrong however long one waits.
var ErrUnsealed = errors.New("the snapshot ends before its last seal: it is cut off, still being written, or a length in it is damaged")

// FormatError tells what in a snapshot cannot be. Failures of the reader underneath are not FormatErrors.
type FormatError struct {
	Name   string // the file, as the caller named it
	Offset int64  // bytes from the start of the uncompressed snapshot
	Err    error
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("%s at offset %d: %v", e.Name, e.Offset, e.Err)
}

// Unwrap gives the reason.
func (e *FormatError) Unwrap() error { return e.Err }
