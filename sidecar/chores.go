package sidecar

import (
	"context"
	"errors"
	"time"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/drills"
	"github.com/zkark/zkark/internal/timelines"
	"github.com/zkark/zkark/sidecar/tail"
	"github.com/zkark/zkark/uploader"
)

// every does a chore at intervals until the context ends. How it goes is counted in its streak.
func (s *Sidecar) every(ctx context.Context, interval time.Duration, counted *streak, chore func(context.Context) error) {
	t := time.NewTicker(interval)
	defer t.Stop()
	for {
		beat(ctx, s.parts, interval+workWithin)
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			beat(ctx, s.parts, workWithin)
			err := chore(ctx)
			if errors.Is(err, tail.ErrChanged) || errors.Is(err, uploader.ErrNoArchive) {
				continue
			}
			s.ended(ctx, counted, err)
		}
	}
}

// compact works with an uploader of its own, so that its listing, which can be large, lives only as long.
func (s *Sidecar) compact(ctx context.Context) error {
	return uploader.New(s.cfg.uploader(s.tail)).Compact(ctx, func(seg archive.Segment) {
		s.cfg.Log.Info("compacted "+seg.First.String()+" – "+seg.Last.String(), "key", seg.Key(), "bytes", seg.Size)
	})
}

func (s *Sidecar) prune(ctx context.Context) error {
	all, err := timelines.All(ctx, s.cfg.Bucket)
	if err != nil {
		return err
	}
	for _, n := range all {
		e, err := uploader.Pruner{Bucket: s.cfg.Bucket, Timeline: n, Retention: s.cfg.Prune, Now: time.Now}.Prune(ctx)
		if err != nil {
			return err
		}
		s.cfg.Log.Info("pruned the archive", "timeline", n, "removed", len(e.Remove), "kept", e.Kept, "notes", e.Notes)
	}
	return nil
}

// drillsEvery is between two looks for reports of drills.
const drillsEvery = 10 * time.Minute

// drillLoop tells of its failures in the log, and not in the status: nothing that the sidecar is for depends on it.
func (s *Sidecar) drillLoop(ctx context.Context) {
	beat(ctx, s.parts, workWithin)
	s.ended(ctx, &s.proving, s.lookForDrill(ctx))
	s.every(ctx, drillsEvery, &s.proving, s.lookForDrill)
}

func (s *Sidecar) lookForDrill(ctx context.Context) error {
	r, err := drills.Newest(ctx, s.cfg.Bucket)
	if err != nil || r == nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drill = r
	return nil
}

// Compact looks at a server's logs once and compacts the archive from them, as uploader.Compact does. Each segment that it
// makes is told to shipped. Of the config it uses the directories, Source, Bucket and SpoolDir.
func Compact(ctx context.Context, c Config, shipped func(archive.Segment)) (err error) {
	t := tail.New(tail.Config{DataDir: c.DataDir, LogDir: c.LogDir})
	defer func() { err = errors.Join(err, t.Close()) }()
	report, err := t.Look(ctx)
	if err != nil {
		return err
	}
	return errors.Join(append(report.Troubles, uploader.New(c.uploader(t)).Compact(ctx, shipped))...)
}
