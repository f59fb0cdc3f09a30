package restore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"filippo.io/age"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/store"
	"github.com/zkark/zkark/internal/zookeeper"
)

// Found is where a point led.
type Found struct {
	Asked  string         `json:"asked"` // the point, with an absolute time
	Target zookeeper.Zxid `json:"target"`
	// At is the last transaction of the state and Next the one that it leaves out; nil where none is held.
	At   *Neighbour `json:"at"`
	Next *Neighbour `json:"next"`
	// Later is how many transactions are held that come after the state.
	Later    uint64   `json:"later"`
	Warnings []string `json:"warnings,omitempty"`
}

// Neighbour is a transaction next to a point.
type Neighbour struct {
	Zxid zookeeper.Zxid `json:"zxid"`
	Time time.Time      `json:"time"` // by the leader's clock
	// About tells that the time is that of the beginning of the segment: it was not read for this.
	About bool `json:"about,omitempty"`
}

// NotHeldError is returned when the archive cannot say what the state at a time was, or does not hold what was asked for.
type NotHeldError struct {
	Point  archive.Point
	Reason string
}

// Error is the point and the reason.
func (e *NotHeldError) Error() string { return fmt.Sprintf("%s: %s", e.Point, e.Reason) }

// Find looks a point up: it reads one listing and, for a time or a deletion, the segments that can hold the answer, newest
// first. The identities are for those that are encrypted. It fails with *NotHeldError where the archive does not say.
func Find(ctx context.Context, bucket store.Bucket, to archive.Point, identities []age.Identity) (Found, error) {
	a, err := open(ctx, bucket, 0)
	if err != nil {
		return Found{}, err
	}
	f := newFinder(a, identities)
	at, err := f.find(ctx, to)
	if err != nil {
		return Found{}, err
	}
	plan, err := archive.MakePlan(a.catalog, at)
	if err != nil {
		return Found{}, err
	}
	return f.describe(ctx, to, plan.Target, true)
}

// finder looks points up.
type finder struct {
	islands  []archive.Island
	catalog  archive.Catalog
	read     func(context.Context, archive.Piece, visitor) error
	warnings []string
}

func newFinder(a opened, identities []age.Identity) *finder {
	b := builder{archive: a, observe: unobserved{}, identities: identities}
	return &finder{islands: a.catalog.Islands(), catalog: a.catalog, read: b.scan}
}

// find turns a point into one that can be planned from names.
func (f *finder) find(ctx context.Context, to archive.Point) (archive.Point, error) {
	if t, ok := to.Time(); ok {
		z, err := f.atTime(ctx, to, t)
		return archive.AtZxid(z), err
	}
	if path, ok := to.Deleted(); ok {
		z, err := f.deletion(ctx, to, path)
		return archive.Before(z), err
	}
	return to, nil
}

// describe tells what lies around a state. With exact, a segment may be read to tell a time; where it cannot be read, the time
// stays about right.
func (f *finder) describe(ctx context.Context, to archive.Point, target zookeeper.Zxid, exact bool) (Found, error) {
	found := Found{Asked: to.String(), Target: target, Later: archive.CountAfter(f.islands, target)}
	if asked, ok := to.Zxid(); ok && asked > target && (len(f.islands) == 0 || asked <= f.islands[len(f.islands)-1].Last()) {
		f.warnings = append(f.warnings, fmt.Sprintf("%s is not a state that was committed, or is not held: it rounds down to %s", to, target))
	}
	for _, island := range f.islands {
		for _, p := range island.Pieces {
			if p.First <= target && target <= p.UpTo {
				found.At = &Neighbour{Zxid: target, Time: p.FirstTime, About: true}
				if err := f.stamp(ctx, p, found.At, exact); err != nil {
					return Found{}, err
				}
			}
			if p.UpTo > target && found.Next == nil {
				found.Next = &Neighbour{Zxid: max(p.First, target+1), Time: p.FirstTime, About: true}
				if err := f.stamp(ctx, p, found.Next, exact); err != nil {
					return Found{}, err
				}
			}
		}
	}
	found.Warnings = f.warnings
	return found, nil
}

// stamp tells when a transaction of a piece was made. The names tell it of the first and the last of a segment.
func (f *finder) stamp(ctx context.Context, p archive.Piece, n *Neighbour, exact bool) error {
	switch n.Zxid {
	case p.Segment.First:
		n.Time, n.About = p.FirstTime, false
		return nil
	case p.Segment.Last:
		n.Time, n.About = p.LastTime, false
		return nil
	}
	if !exact {
		return nil
	}
	err := f.read(ctx, p, func(z zookeeper.Zxid, t time.Time, _ decode) error {
		if z < n.Zxid {
			return nil
		}
		n.Time, n.About = t, false
		return errEnough
	})
	var damaged *DamagedError
	var missing *MissingError
	switch {
	case errors.Is(err, archive.ErrEncrypted), errors.Is(err, archive.ErrOtherRecipient):
		return nil
	case errors.As(err, &damaged), errors.As(err, &missing):
		f.warnings = append(f.warnings, fmt.Sprintf("the time of %s is not known: %v", n.Zxid, err))
		return nil
	}
	return err
}
