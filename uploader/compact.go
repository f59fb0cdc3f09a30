package uploader

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/store"
	"github.com/zkark/zkark/internal/zookeeper"
)

// ErrNoArchive is returned when there is no archive to work on.
var ErrNoArchive = errors.New("there is no archive here: zkark.json is missing")

const (
	compactLeast = 32       // segments that are worth one object instead
	compactMost  = 64 << 20 // bytes of the objects that become one
	compactAfter = time.Hour
)

// Compact archives again, as few large segments, what the archive holds as many small ones of more than an hour ago and the
// local logs still hold. It reads the local logs and downloads nothing but the one segment that proves that the archive's
// history is the server's. It removes nothing: the small segments are for retention to remove.
//
// It lists the archive first and does nothing where a large segment is there already, so any server may do it. Two that do it
// at the same time make two large segments, of which retention leaves one.
func (u *Uploader) Compact(ctx context.Context, shipped func(archive.Segment)) error {
	if _, err := readIdentity(ctx, u.Bucket); errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("compact: %w", noArchive(ctx, u.Bucket))
	} else if err != nil {
		return fmt.Errorf("compact: %w", err)
	}
	if err := u.meet(ctx); err != nil {
		return err
	}
	for _, run := range u.Local.Runs() {
		for _, small := range u.compactable(run) {
			s, err := u.compactRange(ctx, run, small)
			if err != nil {
				return fmt.Errorf("compact %s: %w", small, err)
			}
			shipped(s)
		}
	}
	return nil
}

func (u *Uploader) compactable(run Run) []archive.Range {
	u.mu.Lock()
	defer u.mu.Unlock()
	held := archive.Range{First: max(run.First, u.view.catalog.Floor()+1), Last: run.Last}
	return archive.Compactable(u.view.catalog, held, archive.Small{
		Least: compactLeast, Most: compactMost, Before: u.Now().Add(-compactAfter),
	})
}

func (u *Uploader) compactRange(ctx context.Context, run Run, r archive.Range) (s archive.Segment, err error) {
	meta, err := u.meta(ctx, zookeeper.LogName(r.First), zookeeper.Plain)
	if err != nil {
		return s, err
	}
	records, err := run.Open(ctx, r.First)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, records.Close()) }()
	s = u.segmentFrom(run, r.First)
	err = u.spool(meta, func(e *archive.Encoder) error {
		c, file := cutter{records: records, upTo: r.Last, limit: math.MaxInt64}, sha256.New()
		if err := c.cut(&s, io.MultiWriter(e, file)); err != nil {
			return err
		}
		s.Hash = meta.ContentHash([sha256.Size]byte(file.Sum(nil)))
		if s.First != r.First || s.Last != r.Last {
			return fmt.Errorf("the log holds %s–%s", s.First, s.Last)
		}
		return nil
	}, func(body store.Body) error {
		s.Size = body.Size
		return u.put(ctx, s.Key(), body)
	})
	return s, err
}
