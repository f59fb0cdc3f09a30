package uploader

import (
	"context"
	"fmt"
	"time"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/zookeeper"
)

// skew is beyond what the clocks of one ensemble's leaders differ by.
const skew = time.Hour

// doubt looks whether what was listed is of the history of the server's ensemble, after compare has found that the archive was: another cluster
// may have begun to archive to the same place. It compares the newest record that is at an end of a listed segment and in the local logs, by the
// time in the segment's name, which the leader gave it: so it asks the store for nothing. A standalone server compares anew anyway.
func (u *Uploader) doubt(ctx context.Context, listed []archive.Object) error {
	if !u.isCompared() || u.Source == 0 {
		return nil
	}
	run, s, z := u.newestEnd(archive.ParseCatalog(listed).Segments)
	if z == 0 {
		return nil
	}
	ours, err := u.localHeader(ctx, run, z)
	if err != nil {
		return fmt.Errorf("compare %s with the archive: %w", z, err)
	}
	theirs := s.LastTime
	if z != s.Last {
		theirs = s.FirstTime
	}
	if at := time.UnixMilli(ours.Time); !at.Equal(theirs) {
		u.setCompared(comparison{}) // the next turn compares anew, and goes on once what is foreign is gone
		return fmt.Errorf("%w: zxid %s is of %s in %s and of %s here", ErrOtherHistory, z, theirs, s.Key(), at.UTC())
	}
	return nil
}

// newestEnd finds the newest first or last record of a segment that a local run holds too. Its zxid is 0 when there is none.
func (u *Uploader) newestEnd(segments []archive.Segment) (in Run, s archive.Segment, z zookeeper.Zxid) {
	for _, run := range u.Local.Runs() {
		for _, segment := range segments {
			for _, end := range []zookeeper.Zxid{segment.First, segment.Last} {
				if run.First <= end && end <= run.Last && end > z {
					in, s, z = run, segment, end
				}
			}
		}
	}
	return in, s, z
}

// outOfOrder is an error when the server and the archive have no record in common and cannot be of one history, because the order of
// their zxids is not that of their times: a new cluster, whose zxids are low, was pointed at the archive of an old one.
func (u *Uploader) outOfOrder(ctx context.Context) error {
	runs := u.Local.Runs()
	u.mu.Lock()
	segments := u.view.catalog.Segments
	u.mu.Unlock()
	if len(runs) == 0 || len(segments) == 0 {
		return nil
	}
	oldest, newest := runs[0], runs[0]
	for _, r := range runs {
		if r.First < oldest.First {
			oldest = r
		}
		if r.Last > newest.Last {
			newest = r
		}
	}
	first, err := u.localHeader(ctx, oldest, oldest.First)
	if err != nil {
		return fmt.Errorf("compare %s with the archive: %w", oldest.First, err)
	}
	last, err := u.localHeader(ctx, newest, newest.Last)
	if err != nil {
		return fmt.Errorf("compare %s with the archive: %w", newest.Last, err)
	}
	for _, s := range segments {
		if s.First > last.Zxid && s.FirstTime.Add(skew).Before(time.UnixMilli(last.Time)) {
			return disorder(s.First, s.FirstTime, last.Zxid, last.Time)
		}
		if s.Last < first.Zxid && s.LastTime.Add(-skew).After(time.UnixMilli(first.Time)) {
			return disorder(s.Last, s.LastTime, first.Zxid, first.Time)
		}
	}
	return nil
}

func disorder(theirs zookeeper.Zxid, made time.Time, ours zookeeper.Zxid, ms int64) error {
	return fmt.Errorf("%w: zxid %s is of %s there, and %s of %s here: in one history the higher zxid is the later one",
		ErrOtherHistory, theirs, made.UTC().Format(time.RFC3339), ours, time.UnixMilli(ms).UTC().Format(time.RFC3339))
}
