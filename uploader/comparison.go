package uploader

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"time"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/timelines"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

// comparison is what is known of whether the archive's history is the server's: they have the same record somewhere, and no other under a
// lower zxid.
//
// It is looked at again when the server has another record there, or none any more: somebody put old data back, or files are gone. A
// standalone server, which may use zxids again, is compared with all that it did not ship itself; in a quorum a zxid is one transaction.
type comparison struct {
	done bool
	at   zookeeper.Zxid // 0 for nowhere: they had nothing in common
	same txnlog.Header
}

func (u *Uploader) isCompared() bool { return u.comparison().done }

func (u *Uploader) comparison() comparison {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.compared
}

func (u *Uploader) setCompared(c comparison) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.compared = c
}

// doubtful tells whether the server has records that are not known to be the archive's.
func (u *Uploader) doubtful() bool {
	newest := u.newestLocal()
	u.mu.Lock()
	defer u.mu.Unlock()
	archived, _ := u.view.catalog.Newest()
	at := u.compared.at
	return !u.compared.done || u.Source == 0 && archived > at && newest > at
}

// recheck reads again what was the same, and takes the comparison back where it is not. A file that is gone and the one in its place may
// both be there.
func (u *Uploader) recheck(ctx context.Context) error {
	c := u.comparison()
	if !c.done || c.at == 0 {
		return nil
	}
	found := false
	for _, run := range u.Local.Runs() {
		if c.at < run.First || run.Last < c.at {
			continue
		}
		now, err := u.localHeader(ctx, run, c.at)
		if err != nil {
			return fmt.Errorf("read %s again: %w", c.at, err)
		}
		if found = now == c.same; !found {
			break
		}
	}
	if !found {
		u.setCompared(comparison{})
	}
	return nil
}

func (u *Uploader) newestLocal() (newest zookeeper.Zxid) {
	for _, run := range u.Local.Runs() {
		newest = max(newest, run.Last)
	}
	return newest
}

func (u *Uploader) prefix() string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return archive.TimelinePrefix(u.timeline)
}

// meet brings the view up to date with a timeline that does not contradict the server.
func (u *Uploader) meet(ctx context.Context) error {
	for {
		if err := u.recheck(ctx); err != nil {
			return err
		}
		listed, err := u.refresh(ctx)
		if err != nil {
			return err
		}
		if err = u.doubt(ctx, listed); err == nil {
			err = u.compare(ctx)
		}
		if !errors.Is(err, ErrOtherHistory) {
			return err
		}
		if err := u.turnFrom(ctx, err); err != nil {
			return err
		}
	}
}

// turnFrom leaves a timeline that contradicts the server for a newer one. A standalone server whose past the timeline shares opens
// that; for one of an ensemble, which could be the only one that is wrong, somebody has to.
func (u *Uploader) turnFrom(ctx context.Context, contradiction error) error {
	newest, err := timelines.Newest(ctx, u.Bucket)
	if err != nil {
		return errors.Join(contradiction, err)
	}
	u.mu.Lock()
	from := u.timeline
	u.mu.Unlock()
	advised := fmt.Errorf("%w: if this cluster's data was put back by hand, open a new timeline with zkark timeline --open", contradiction)
	if newest <= from && u.Source > 0 {
		return advised
	}
	if err := u.Local.Forget(); err != nil { // files that are gone may be of the old history
		return errors.Join(contradiction, err)
	}
	if newest <= from {
		fork, err := u.lastShared(ctx)
		if err != nil {
			return errors.Join(contradiction, err)
		}
		if fork == 0 {
			return advised
		}
		newest = from + 1
		opened := archive.Timeline{Parent: from, Fork: fork, Reason: contradiction.Error(), Created: u.Now().UTC()}
		if err := timelines.Open(ctx, u.Bucket, newest, opened); err != nil {
			return errors.Join(contradiction, err)
		}
	}
	u.mu.Lock()
	u.timeline, u.view, u.compared = newest, view{}, comparison{}
	u.changes++
	u.mu.Unlock()
	if u.NewTimeline != nil {
		u.NewTimeline(newest, contradiction)
	}
	return nil
}

// lastShared is the last record of a segment that is the same transaction here, 0 where there is none. It is looked for by the times
// in names, as one zxid is not drawn twice in the same millisecond, and then compared.
func (u *Uploader) lastShared(ctx context.Context) (zookeeper.Zxid, error) {
	ends := u.commonEnds()
	var failed error
	differs := func(i int) bool {
		ours, err := u.localHeader(ctx, ends[i].in, ends[i].of.Last)
		failed = errors.Join(failed, err)
		return !time.UnixMilli(ours.Time).Equal(ends[i].of.LastTime)
	}
	i := sort.Search(len(ends), differs)
	if i == 0 || failed != nil {
		return 0, failed
	}
	last := ends[i-1]
	_, err := u.compareAt(ctx, last.in, last.of, last.of.Last)
	if errors.Is(err, ErrOtherHistory) {
		return 0, nil
	}
	return last.of.Last, err
}

// commonEnd is a segment whose last record is in a local run.
type commonEnd struct {
	in Run
	of archive.Segment
}

// commonEnds are in order of zxid.
func (u *Uploader) commonEnds() (ends []commonEnd) {
	runs := u.Local.Runs()
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, s := range u.view.catalog.Segments {
		for _, run := range runs {
			if run.First <= s.Last && s.Last <= run.Last {
				ends = append(ends, commonEnd{run, s})
			}
		}
	}
	sort.SliceStable(ends, func(i, j int) bool { return ends[i].of.Last < ends[j].of.Last })
	return ends
}
