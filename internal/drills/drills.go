package drills

import (
	"context"
	"errors"
	"fmt"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/store"
)

// Newest reads the report of the last drill that went well, by one listing and one read. It is nil where there is none.
func Newest(ctx context.Context, b store.Bucket) (*archive.DrillReport, error) {
	var objects []archive.Object
	for o, err := range b.List(ctx, archive.DrillPrefix, "") {
		if err != nil {
			return nil, fmt.Errorf("list the reports of drills: %w", err)
		}
		objects = append(objects, archive.Object{Key: o.Key, Size: o.Size, Modified: o.Modified})
	}
	ref, ok := archive.NewestDrill(objects)
	if !ok {
		return nil, nil
	}
	return read(ctx, b, ref.Key)
}

// read passes over a report that a prune removes meanwhile, which it does only where there is a newer one: that is for the next time.
func read(ctx context.Context, b store.Bucket, key string) (*archive.DrillReport, error) {
	data, err := store.ReadSmall(ctx, b, key)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	report, err := archive.ParseDrillReport(key, data)
	if err != nil {
		return nil, err
	}
	return &report, nil
}

// Put leaves a report.
func Put(ctx context.Context, b store.Bucket, r archive.DrillReport) error {
	data, err := r.Encode()
	if err != nil {
		return err
	}
	return b.Put(ctx, r.Key(), store.BytesBody(data))
}
