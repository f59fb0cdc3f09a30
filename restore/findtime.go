package restore

import (
	"context"
	"fmt"
	"time"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/zookeeper"
)

// atTime is the state before the first transaction, in order of zxid, that is stamped later than t. Only a segment whose first
// or last record is later than t is taken to hold one.
func (f *finder) atTime(ctx context.Context, to archive.Point, t time.Time) (zookeeper.Zxid, error) {
	for i, island := range f.islands {
		for j, p := range island.Pieces {
			if !p.FirstTime.After(t) && !p.LastTime.After(t) {
				continue
			}
			later, err := f.firstLater(ctx, p, t)
			if err != nil {
				return 0, err
			}
			if later == 0 {
				continue
			}
			f.warnOfClocks(p, t)
			if j == 0 && later == p.First {
				return f.beforeIsland(to, t, i)
			}
			if later == p.First {
				return island.Pieces[j-1].UpTo, nil
			}
			return later - 1, nil
		}
	}
	return f.newestBy(to, t)
}

// firstLater is the first record of a piece that is stamped later than t, 0 if none is.
func (f *finder) firstLater(ctx context.Context, p archive.Piece, t time.Time) (later zookeeper.Zxid, err error) {
	if p.First == p.Segment.First && p.FirstTime.After(t) {
		return p.First, nil
	}
	err = f.read(ctx, p, func(z zookeeper.Zxid, stamp time.Time, _ decode) error {
		if !stamp.After(t) {
			return nil
		}
		later = z
		return errEnough
	})
	return later, err
}

// beforeIsland is the state before an island's first record, where it is known to be that at t.
func (f *finder) beforeIsland(to archive.Point, t time.Time, i int) (zookeeper.Zxid, error) {
	island := f.islands[i]
	for _, b := range f.catalog.Bases {
		if b.Start == island.After && b.End == b.Start && !b.Time.After(t) {
			return b.Start, nil
		}
	}
	first := island.Pieces[0]
	if i == 0 {
		return 0, &NotHeldError{to, fmt.Sprintf("the archive holds nothing from before that: its oldest transaction %s was made at %s",
			first.First, shownTime(first.FirstTime))}
	}
	before := f.islands[i-1].Last()
	return 0, &NotHeldError{to, fmt.Sprintf("it lies in a gap: the archive holds %s, and then %s, made at %s: give --at %s for what was before the gap",
		before, first.First, shownTime(first.FirstTime), before)}
}

// newestBy is for a time after every record that is held.
func (f *finder) newestBy(to archive.Point, t time.Time) (zookeeper.Zxid, error) {
	newest, ok := f.catalog.Newest()
	if !ok {
		return 0, fmt.Errorf("%w: has a sidecar shipped to it yet?", archive.ErrEmpty)
	}
	if len(f.islands) == 0 || f.islands[len(f.islands)-1].Last() < newest {
		return f.exactBy(to, t, newest)
	}
	pieces := f.islands[len(f.islands)-1].Pieces
	last := pieces[len(pieces)-1].LastTime
	f.warnings = append(f.warnings, fmt.Sprintf("the archive ends at %s, made at %s, %s before the time asked for", newest, shownTime(last),
		t.Sub(last).Round(time.Millisecond)))
	return newest, nil
}

// exactBy is where a base is the newest state: it counts if it was there by t.
func (f *finder) exactBy(to archive.Point, t time.Time, newest zookeeper.Zxid) (zookeeper.Zxid, error) {
	for _, b := range f.catalog.Bases {
		if b.Start == newest && b.End == newest && !b.Time.After(t) {
			return newest, nil
		}
	}
	if n := len(f.islands); n > 0 {
		return f.islands[n-1].Last(), nil
	}
	return 0, &NotHeldError{to, "the archive holds no transaction, and its bases are from later"}
}

// warnOfClocks tells of transactions that come after the answer and yet are stamped earlier.
func (f *finder) warnOfClocks(at archive.Piece, t time.Time) {
	n, first := 0, zookeeper.Zxid(0)
	for _, island := range f.islands {
		for _, p := range island.Pieces {
			if p.First > at.UpTo && !p.FirstTime.After(t) {
				if n++; n == 1 {
					first = p.First
				}
			}
		}
	}
	if n > 0 {
		f.warnings = append(f.warnings, fmt.Sprintf("the clocks of the leaders disagree: transactions from %s on come later and are stamped "+
			"before the time asked for; the order is that of zxids, and they are left out", first))
	}
}

func shownTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
