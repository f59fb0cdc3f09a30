package restore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/store"
	"github.com/zkark/zkark/internal/timelines"
)

// ErrNoArchive is returned when there is no zkark.json. The store was listed with working credentials: its absence is a
// fact.
var ErrNoArchive = errors.New("no zkark archive there")

// opened is an archive whose identity is known and of which a timeline has been listed.
type opened struct {
	bucket   store.Bucket
	id       archive.Identity
	timeline int
	catalog  archive.Catalog
}

// key is that of an object of the timeline, below the archive's prefix.
func (a opened) key(name string) string { return archive.TimelinePrefix(a.timeline) + name }

// open lists timeline n, or the newest where n is 0.
func open(ctx context.Context, bucket store.Bucket, n int) (opened, error) {
	a := opened{bucket: bucket}
	var err error
	if a.id, err = identity(ctx, bucket); err != nil {
		return opened{}, err
	}
	all, err := timelines.All(ctx, bucket)
	if err != nil {
		return opened{}, err
	}
	a.timeline = 1
	switch {
	case n > 0 && !slices.Contains(all, n):
		return opened{}, fmt.Errorf("%w: there is no timeline %d, the newest is %d", ErrNoArchive, n, slices.Max(append(all, 0)))
	case n > 0:
		a.timeline = n
	case len(all) > 0:
		a.timeline = all[len(all)-1]
	}
	a.catalog, err = list(ctx, bucket, archive.TimelinePrefix(a.timeline))
	return a, err
}

func identity(ctx context.Context, bucket store.Bucket) (archive.Identity, error) {
	data, err := store.ReadSmall(ctx, bucket, archive.IdentityKey)
	if errors.Is(err, store.ErrNotFound) {
		return archive.Identity{}, absent(ctx, bucket)
	}
	if err != nil {
		return archive.Identity{}, fmt.Errorf("open the archive: %w", err)
	}
	return archive.ParseIdentity(data)
}

// absent tells an empty place from one with other people's things in it.
func absent(ctx context.Context, bucket store.Bucket) error {
	for o, err := range bucket.List(ctx, "", "") {
		if err != nil {
			return fmt.Errorf("open the archive: %w", err)
		}
		if o.Key == archive.ProbeKey {
			continue
		}
		return fmt.Errorf("%w: there is no %s, but there are other objects, like %q: is the prefix right?", ErrNoArchive, archive.IdentityKey, o.Key)
	}
	return fmt.Errorf("%w: nothing is there at all: is the URL right, and has a sidecar shipped to it?", ErrNoArchive)
}

func list(ctx context.Context, bucket store.Bucket, prefix string) (archive.Catalog, error) {
	var objects []archive.Object
	for o, err := range bucket.List(ctx, prefix, "") {
		if err != nil {
			return archive.Catalog{}, fmt.Errorf("list the archive: %w", err)
		}
		objects = append(objects, archive.Object{Key: strings.TrimPrefix(o.Key, prefix), Size: o.Size})
	}
	return archive.ParseCatalog(objects), nil
}

// Listing is what is in an archive.
type Listing struct {
	Identity archive.Identity
	Timeline int // that was listed
	Catalog  archive.Catalog
}

// List tells what is in a timeline of an archive, or in the newest where the number is 0.
func List(ctx context.Context, bucket store.Bucket, timeline int) (Listing, error) {
	a, err := open(ctx, bucket, timeline)
	return Listing{a.id, a.timeline, a.catalog}, err
}
