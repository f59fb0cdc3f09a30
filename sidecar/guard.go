package sidecar

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"
)

// restartPause is how long a loop that broke down stays down.
const restartPause = 5 * time.Second

// loop is one of the sidecar's activities, and when it was last seen to be alive.
type loop struct {
	within time.Duration // it beats at least that often while it is well
	beaten time.Time
	panics int
}

// guard runs an activity until the context ends. One that panics is started again after a pause: shipping goes on, and the
// panic is told, counted, and remembered.
func (s *Sidecar) guard(ctx context.Context, name string, within time.Duration, run func(context.Context)) {
	s.beat(name, within)
	for ctx.Err() == nil {
		if s.survives(name, func() { run(ctx) }) {
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(restartPause):
		}
	}
}

// survives tells whether run came to its own end.
func (s *Sidecar) survives(name string, run func()) (ok bool) {
	defer func() {
		if v := recover(); v != nil {
			s.cfg.Log.Error("a part of the sidecar broke down; it is started again", "part", name, "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
			s.mu.Lock()
			s.loops[name].panics++
			s.mu.Unlock()
		}
	}()
	run()
	return true
}

// beat notes that an activity is alive. Within is 0 for as before.
func (s *Sidecar) beat(name string, within time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.loops[name] == nil {
		s.loops[name] = &loop{}
	}
	l := s.loops[name]
	l.beaten = time.Now()
	if within > 0 {
		l.within = within
	}
}

// Alive is nil while every activity of the sidecar has been seen lately, whatever the store and ZooKeeper do.
func (s *Sidecar) Alive() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, l := range s.loops {
		if silent := time.Since(l.beaten); silent > l.within {
			return fmt.Errorf("%s was last seen %s ago, and should be every %s", name, silent.Round(time.Second), l.within)
		}
	}
	return nil
}

// Ready is nil once ZooKeeper's directories have been looked at. Whether the store answers has no part in it.
func (s *Sidecar) Ready() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.looked {
		return fmt.Errorf("ZooKeeper's directories have not been looked at yet")
	}
	return nil
}
