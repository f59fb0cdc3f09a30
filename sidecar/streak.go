package sidecar

import (
	"log/slog"
	"time"
)

// streak tells of failures that repeat without drowning everything else: the first as a warning, then the second, fourth, eighth …
// of the streak, and its end with its length.
type streak struct {
	log   *slog.Logger
	what  string
	n     int
	since time.Time
	last  error
}

func (s *streak) count(err error) {
	if err == nil {
		if s.n > 0 {
			s.log.Info("recovered: "+s.what, "failures", s.n, "after", time.Since(s.since).Round(time.Millisecond))
		}
		s.n, s.last = 0, nil
		return
	}
	s.n++
	s.last = err
	if s.n == 1 {
		s.since = time.Now()
	}
	if s.n&(s.n-1) == 0 {
		s.log.Warn("failed: "+s.what, "err", err, "failures", s.n)
	}
}
