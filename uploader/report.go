package uploader

import (
	"context"
	"errors"
	"fmt"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/store"
)

// Report archives what is said of the server. It does nothing, and done is false, until ShipLog has found the archive's history to be the
// server's: another cluster's archive gets no reports.
func (u *Uploader) Report(ctx context.Context, r archive.ServerReport) (done bool, err error) {
	if !u.isCompared() {
		return false, nil
	}
	data, err := r.Encode()
	if err != nil {
		return false, err
	}
	err = u.Bucket.Put(ctx, r.Key(), store.BytesBody(data))
	if err != nil && !errors.Is(err, store.ErrExists) {
		return false, fmt.Errorf("archive a report: %w", err)
	}
	return true, nil
}
