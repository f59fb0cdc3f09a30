package doctor

import (
	"context"
	"time"

	"github.com/zkark/zkark/internal/archive"
)

const (
	muchOff = 5 * time.Minute // prune refuses beyond; stores refuse at 15 minutes
	someOff = 10 * time.Second
)

func (e *examination) checkClock(ctx context.Context) []Finding {
	off, known := e.skew(ctx)
	found := judgeClock("the store's", off, known)
	if e.data.records {
		if ahead := e.data.time.Sub(e.Now()); ahead > someOff {
			found = append(found, judgeClock("that of ZooKeeper's leader", -ahead, true)...)
		}
	}
	return found
}

// skew is how far the clock here is ahead of the store's. Where no object was created now, the last report of this server tells: its
// name has the time here, and the listing that of the store.
func (e *examination) skew(ctx context.Context) (off time.Duration, known bool) {
	if p := e.probe; p.fresh && !p.modified.IsZero() {
		return apart(p.began, p.ended, p.modified), true
	}
	id, err := e.cfg.MyID()
	if err != nil || !e.known[aConfig] {
		return 0, false
	}
	var reports []archive.Object
	for o, err := range e.bucket.List(ctx, archive.ReportPrefix, "") {
		if err != nil {
			return 0, false
		}
		reports = append(reports, archive.Object{Key: o.Key, Modified: o.Modified})
	}
	for _, r := range archive.NewestReports(reports) {
		if r.Server == id && !r.Modified.IsZero() {
			return apart(r.Time, r.Time.Add(someOff), r.Modified), true
		}
	}
	return 0, false
}

// apart is how far a period here is from a moment of the store, whose clock may tell whole seconds only.
func apart(began, ended, there time.Time) time.Duration {
	switch {
	case there.Before(began.Add(-time.Second)):
		return began.Sub(there)
	case there.After(ended.Add(time.Second)):
		return ended.Sub(there)
	}
	return 0
}

// judgeClock takes how far the clock here is ahead.
func judgeClock(whose string, off time.Duration, known bool) []Finding {
	const fix = "run chrony or another NTP client on both machines"
	said := off.Abs().Round(time.Second).String() + " ahead of "
	if off < 0 {
		said = off.Abs().Round(time.Second).String() + " behind "
	}
	switch {
	case !known:
		return []Finding{note("the store's clock was not asked, because %s is there already", archive.ProbeKey)}
	case off.Abs() > muchOff:
		return []Finding{failure("the clock here is %s%s: times in the archive mislead, and zkark prune refuses", said, whose).by(fix)}
	case off.Abs() > someOff:
		return []Finding{warning("the clock here is %s%s", said, whose).by(fix)}
	}
	return []Finding{ok("the clock here agrees with %s", whose)}
}
