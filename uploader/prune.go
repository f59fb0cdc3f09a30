package uploader

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/store"
	"github.com/zkark/zkark/internal/timelines"
)

// ErrMayNotDelete is wrapped when the store denies a deletion.
var ErrMayNotDelete = errors.New("these credentials may not delete, as is right for those that a sidecar ships with: give prune a role of its own that may")

// clockSlack is how far the clock here may be from the store's. A window is hours or days.
const clockSlack = 5 * time.Minute

// Pruner removes from an archive what its retention does not keep. It needs no server, only the right to delete.
type Pruner struct {
	Bucket    store.Bucket
	Timeline  int // to prune, 0 for the newest
	Retention archive.Retention
	Now       func() time.Time

	Planned func(archive.Expiry)  // is told what is going to be removed; may be nil
	Removed func(archive.Expired) // is told of each object that is gone; may be nil
}

// Plan tells what Prune would remove, and changes nothing. It fails with ErrNoArchive, archive.ErrClock, or as archive.Expendable.
func (p Pruner) Plan(ctx context.Context) (archive.Expiry, error) {
	p, err := p.enter(ctx)
	if err != nil {
		return archive.Expiry{}, err
	}
	return p.plan(ctx, p.Now())
}

// Prune lists the archive and removes what may go, the oldest first. However far it gets, what is kept is restorable. Besides
// the errors of Plan it fails with ErrMayNotDelete, and with archive.ErrClock when the clock here is not the store's; it finds out both
// on an object that it creates and deletes, before anything is removed.
func (p Pruner) Prune(ctx context.Context) (archive.Expiry, error) {
	p, err := p.enter(ctx)
	if err != nil {
		return archive.Expiry{}, err
	}
	now, err := p.storeTime(ctx)
	if err != nil {
		return archive.Expiry{}, err
	}
	e, err := p.plan(ctx, now)
	if err != nil {
		return archive.Expiry{}, err
	}
	if p.Planned != nil {
		p.Planned(e)
	}
	if err := p.mark(ctx, e, now); err != nil {
		return e, err
	}
	for _, gone := range e.Remove {
		if err := p.remove(ctx, gone.Key); err != nil {
			return e, err
		}
		if p.Removed != nil {
			p.Removed(gone)
		}
	}
	for _, r := range e.Reports {
		if err := p.delete(ctx, r.Key); err != nil {
			return e, err
		}
	}
	return e, nil
}

func (p Pruner) prefix() string { return archive.TimelinePrefix(p.Timeline) }

// enter makes sure that this is an archive, and of a format that is known, and finds the timeline.
func (p Pruner) enter(ctx context.Context) (Pruner, error) {
	_, err := readIdentity(ctx, p.Bucket)
	if errors.Is(err, store.ErrNotFound) {
		return p, noArchive(ctx, p.Bucket)
	}
	if err == nil && p.Timeline == 0 {
		p.Timeline, err = timelines.Newest(ctx, p.Bucket)
	}
	return p, err
}

// noArchive tells an archive that is not there, which only a listing proves, from a store that is not.
func noArchive(ctx context.Context, b store.Bucket) error {
	for _, err := range b.List(ctx, archive.IdentityKey, "") {
		if err != nil {
			return fmt.Errorf("list the archive: %w", err)
		}
	}
	return ErrNoArchive
}

func (p Pruner) plan(ctx context.Context, now time.Time) (archive.Expiry, error) {
	objects, err := p.list(ctx, p.prefix())
	if err != nil {
		return archive.Expiry{}, err
	}
	for i := range objects {
		objects[i].Key = objects[i].Key[len(p.prefix()):]
	}
	e, err := archive.Expendable(archive.ParseCatalog(objects), p.Retention, now)
	if err != nil {
		return archive.Expiry{}, err
	}
	reports, err := p.list(ctx, archive.ReportPrefix)
	if err != nil {
		return archive.Expiry{}, err
	}
	census, err := p.list(ctx, archive.CensusPrefix)
	if err != nil {
		return archive.Expiry{}, err
	}
	drills, err := p.list(ctx, archive.DrillPrefix)
	e.Reports = slices.Concat(archive.OldReports(reports, p.Retention.Grace, now), archive.OldCensus(census, p.Retention.Grace, now),
		archive.OldDrills(drills, p.Retention.Grace, now))
	return e, err
}

func (p Pruner) list(ctx context.Context, prefix string) ([]archive.Object, error) {
	var objects []archive.Object
	for a, err := range p.Bucket.List(ctx, prefix, "") {
		if err != nil {
			return nil, fmt.Errorf("list the archive: %w", err)
		}
		objects = append(objects, archive.Object{Key: a.Key, Size: a.Size, Modified: a.Modified})
	}
	return objects, nil
}

// storeTime asks the store for its time: the ages of objects are by its clock, and a clock here that is days ahead would look
// like a cluster without writes.
func (p Pruner) storeTime(ctx context.Context) (time.Time, error) {
	if err := p.remove(ctx, archive.ClockKey); err != nil { // of a prune that was killed
		return time.Time{}, err
	}
	key := p.prefix() + archive.ClockKey
	if err := p.Bucket.Put(ctx, key, store.BytesBody([]byte("zkark prune asks for the time\n"))); err != nil && !errors.Is(err, store.ErrExists) {
		return time.Time{}, fmt.Errorf("ask the store for its time: %w", err)
	}
	a, err := p.Bucket.Stat(ctx, key)
	if err != nil {
		return time.Time{}, fmt.Errorf("ask the store for its time: %w", err)
	}
	if err := p.remove(ctx, archive.ClockKey); err != nil {
		return time.Time{}, err
	}
	if off := p.Now().Sub(a.Modified); off.Abs() > clockSlack {
		return time.Time{}, fmt.Errorf("nothing is removed: %w: it is %s here, and %s at the store", archive.ErrClock,
			p.Now().UTC().Format(time.RFC3339), a.Modified.UTC().Format(time.RFC3339))
	}
	return a.Modified, nil
}

// pruned is the content of a mark. It is for people; what counts is the name.
type pruned struct {
	Floor string    `json:"floor"`
	Time  time.Time `json:"time"`
	Keep  string    `json:"keep"`
}

// mark tells the sidecars not to archive again what is going to be removed.
func (p Pruner) mark(ctx context.Context, e archive.Expiry, now time.Time) error {
	if e.Floor == 0 {
		return nil
	}
	m := archive.Mark{Floor: e.Floor}
	data, err := json.Marshal(pruned{e.Floor.String(), now.UTC(), p.Retention.Keep.String()})
	if err != nil {
		return fmt.Errorf("encode %s: %w", m.Key(), err)
	}
	if err := p.Bucket.Put(ctx, p.prefix()+m.Key(), store.BytesBody(append(data, '\n'))); err != nil && !errors.Is(err, store.ErrExists) {
		return fmt.Errorf("mark what is pruned: %w", err)
	}
	return nil
}

// remove removes an object of the timeline.
func (p Pruner) remove(ctx context.Context, key string) error { return p.delete(ctx, p.prefix()+key) }

func (p Pruner) delete(ctx context.Context, key string) error {
	err := p.Bucket.Delete(ctx, key)
	if errors.Is(err, store.ErrDenied) {
		return fmt.Errorf("%w: %w", ErrMayNotDelete, err)
	}
	return err
}
