package census

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/store"
)

// Recent is how old an entry may be.
const Recent = 10 * time.Minute

// Again is how often a server that waits repeats what it holds, so that it counts for those that start later.
const Again = time.Minute

// Station is where a server reports to, and counts.
type Station struct {
	Bucket store.Bucket
	Now    func() time.Time
	said   archive.CensusEntry // the zero value for never
}

// Report says what the server holds, at once when that is new, else now and then.
func (s *Station) Report(ctx context.Context, e archive.CensusEntry) error {
	news := e.Holds != s.said.Holds || e.Last != s.said.Last || e.Shipped != s.said.Shipped
	if !news && s.Now().Sub(s.said.Time) < Again {
		return nil
	}
	e.Time = s.Now()
	data, err := e.Encode()
	if err != nil {
		return err
	}
	if err := s.Bucket.Put(ctx, e.Key(), store.BytesBody(data)); err != nil && !errors.Is(err, store.ErrExists) {
		return fmt.Errorf("say through the archive what server %d holds: %w", e.Server, err)
	}
	s.said = e
	return nil
}

// Entries reads what each server said last. Their times are those at which the store got them, where it tells: servers' clocks differ, and
// what one said long ago must not pass for recent.
func (s *Station) Entries(ctx context.Context) ([]archive.CensusEntry, error) {
	var objects []archive.Object
	for o, err := range s.Bucket.List(ctx, archive.CensusPrefix, "") {
		if err != nil {
			return nil, fmt.Errorf("list what servers hold: %w", err)
		}
		objects = append(objects, archive.Object{Key: o.Key, Size: o.Size, Modified: o.Modified})
	}
	var entries []archive.CensusEntry
	for _, ref := range archive.NewestCensus(objects) {
		e, err := s.read(ctx, ref.Key)
		if err != nil {
			return nil, err
		}
		if !ref.Modified.IsZero() {
			e.Time = ref.Modified
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// Time is now by the clock of the entries: when the server's own was stored, which is no longer ago than Again; the machine's own clock
// where it has none.
func (s *Station) Time(entries []archive.CensusEntry, server int) time.Time {
	for _, e := range entries {
		if e.Server == server {
			return e.Time
		}
	}
	return s.Now()
}

func (s *Station) read(ctx context.Context, key string) (archive.CensusEntry, error) {
	data, err := store.ReadSmall(ctx, s.Bucket, key)
	if err != nil {
		return archive.CensusEntry{}, err
	}
	return archive.ParseCensusEntry(key, data)
}
