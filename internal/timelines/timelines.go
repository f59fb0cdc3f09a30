package timelines

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/store"
)

// All are the numbers of the timelines, in order: one short listing for each and one more. There is none where no sidecar ever
// shipped.
func All(ctx context.Context, b store.Bucket) ([]int, error) {
	var all []int
	for last := 0; ; last = all[len(all)-1] {
		next, err := after(ctx, b, last)
		if err != nil {
			return nil, fmt.Errorf("look for timelines: %w", err)
		}
		if next == 0 {
			return all, nil
		}
		all = append(all, next)
	}
}

// Newest is the number of the newest timeline, 0 where there is none.
func Newest(ctx context.Context, b store.Bucket) (int, error) {
	all, err := All(ctx, b)
	if err != nil || len(all) == 0 {
		return 0, err
	}
	return all[len(all)-1], nil
}

// after is the first timeline after number n, 0 for none.
func after(ctx context.Context, b store.Bucket, n int) (int, error) {
	for o, err := range b.List(ctx, archive.TimelinesPrefix, archive.AfterTimeline(n)) {
		if err != nil {
			return 0, err
		}
		if found, ok := archive.ParseTimelineKey(o.Key); ok && found > n {
			return found, nil
		}
	}
	return 0, nil
}

// Open creates timeline n. One that is there already stays as it is.
func Open(ctx context.Context, b store.Bucket, n int, t archive.Timeline) error {
	data, err := json.MarshalIndent(t, "", "  ")
	if err != nil {
		return fmt.Errorf("encode timeline %d: %w", n, err)
	}
	err = b.Put(ctx, archive.TimelinePrefix(n)+archive.TimelineKey, store.BytesBody(append(data, '\n')))
	if err != nil && !errors.Is(err, store.ErrExists) {
		return fmt.Errorf("open timeline %d: %w", n, err)
	}
	return nil
}

// Read tells what is known of timeline n. It fails with store.ErrNotFound, and where the description is none.
func Read(ctx context.Context, b store.Bucket, n int) (t archive.Timeline, err error) {
	key := archive.TimelinePrefix(n) + archive.TimelineKey
	data, err := store.ReadSmall(ctx, b, key)
	if err != nil {
		return t, err
	}
	if err := json.Unmarshal(data, &t); err != nil {
		return t, fmt.Errorf("read %s: %w", key, err)
	}
	return t, nil
}
