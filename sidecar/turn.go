package sidecar

import (
	"context"
	"errors"
	"time"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/sidecar/tail"
)

// look brings what is known of the directories up to date.
func (s *Sidecar) look(ctx context.Context) error {
	report, err := s.tail.Look(ctx)
	s.ended(ctx, &s.logging, err)
	if err != nil {
		return err
	}
	backlog := s.uploader.Backlog()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.report, s.looked = report, true
	if backlog.Records == 0 || backlog.Archived > s.reached {
		s.moved, s.reached = time.Now(), backlog.Archived
	}
	for _, e := range report.Events {
		s.tellEvent(e)
	}
	s.tellTroubles(report.Troubles)
	return nil
}

func (s *Sidecar) tellEvent(e tail.Event) {
	switch e.Kind {
	case tail.LogAppeared:
		s.cfg.Log.Debug("a log appeared", "file", e.Name)
	case tail.LogVanished:
		s.cfg.Log.Info("a log is gone; what is not archived of it stays readable", "file", e.Name, "last", e.Zxid)
	case tail.LogChanged:
		s.cfg.Log.Warn("a log was truncated or written anew; reading it again", "file", e.Name, "was read up to", e.Zxid)
	case tail.Jumped:
		s.cfg.Log.Info("nothing on this server proves what came before", "file", e.Name, "zxid", e.Zxid)
	}
}

// tellTroubles says once what cannot be read, and again when it comes back. It is called with mu held.
func (s *Sidecar) tellTroubles(troubles []error) {
	now := map[string]bool{}
	for _, err := range troubles {
		now[err.Error()] = true
		if !s.told[err.Error()] {
			s.cfg.Log.Error("part of a log cannot be archived", "err", err)
		}
	}
	s.told = now
}

// turn archives the log that is missing, and lets go of files that are archived.
func (s *Sidecar) turn(ctx context.Context) error {
	before := s.shippedSoFar().Segments
	err := s.uploader.ShipLog(ctx, func(seg archive.Segment) {
		s.cfg.Log.Info("shipped "+seg.First.String()+" – "+seg.Last.String(), "key", seg.Key())
		s.count(Shipped{Segments: 1, SegmentBytes: seg.Size})
	})
	result := TurnIdle
	switch {
	case errors.Is(err, tail.ErrChanged):
		s.cfg.Log.Debug("a log changed while it was being archived; the next turn looks again", "err", err)
		result = TurnAgain
	case err != nil:
		result = TurnFailed
	case s.shippedSoFar().Segments > before:
		result = TurnShipped
	}
	if result != TurnAgain {
		s.ended(ctx, &s.turning, err)
	}
	if err == nil || ctx.Err() == nil {
		s.countTurn(result)
	}
	if err == nil {
		s.suspect()
	}
	release := s.tail.Release(func(r tail.Run) bool { return s.uploader.Archived(r.First, r.Last) })
	return errors.Join(err, release)
}

// base archives a snapshot, if one is due.
func (s *Sidecar) base(ctx context.Context) error {
	err := s.uploader.ShipBase(ctx, func(b archive.Base) {
		s.cfg.Log.Info("shipped snapshot "+b.Start.String(), "key", b.Key(), "bytes", b.Size)
		s.count(Shipped{Bases: 1, BaseBytes: b.Size})
	}, func(err error) {
		s.cfg.Log.Info("passed over a snapshot that is not complete", "err", err)
	})
	if errors.Is(err, tail.ErrChanged) {
		s.cfg.Log.Debug("a snapshot changed while it was being archived; the next turn looks again", "err", err)
	} else {
		s.ended(ctx, &s.basing, err)
	}
	return err
}

func (s *Sidecar) count(more Shipped) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shipped.Segments += more.Segments
	s.shipped.SegmentBytes += more.SegmentBytes
	s.shipped.Bases += more.Bases
	s.shipped.BaseBytes += more.BaseBytes
}

func (s *Sidecar) shippedSoFar() Shipped {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shipped
}

func (s *Sidecar) countTurn(r Result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.results[r]++
}

// ended counts how something went, unless it was only told to stop.
func (s *Sidecar) ended(ctx context.Context, of *streak, err error) {
	if err != nil && ctx.Err() != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	of.count(err)
}
