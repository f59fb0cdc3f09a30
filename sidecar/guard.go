package sidecar

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"runtime/debug"
	"slices"
	"sync"
	"time"
)

const (
	restartPause    = time.Second // how long a part that broke down stays down the first time, and twice as long each time after that
	restartPauseMax = time.Minute

	anyTime time.Duration = math.MaxInt64 // a part that waits to be told is alive however long that takes
)

// parts is the sidecar's activities, and when each was last seen to be alive.
type parts struct {
	log *slog.Logger

	mu      sync.Mutex // guards the rest
	running map[string]pulse
	broken  map[string]int // how often each broke down
}

// pulse tells when a part was last seen, and within what time it has to be seen again.
type pulse struct {
	at     time.Time
	within time.Duration
}

func newParts(log *slog.Logger) *parts {
	return &parts{log: log, running: map[string]pulse{}, broken: map[string]int{}}
}

// partKey is under which a context carries the name of the part that works in it.
type partKey struct{}

// guard runs a part until the context ends. One that panics, or comes to an end on its own, is started again after a pause: shipping
// goes on, and what happened is told and counted.
func (p *parts) guard(ctx context.Context, name string, run func(context.Context)) {
	ctx = context.WithValue(ctx, partKey{}, name)
	p.start(name)
	defer p.stop(name)
	pause := restartPause
	for ctx.Err() == nil {
		begun := time.Now()
		beat(ctx, p, restartPauseMax)
		err := survive(func() { run(ctx) })
		if ctx.Err() != nil && err == nil {
			return
		}
		if time.Since(begun) > restartPauseMax {
			pause = restartPause
		}
		p.brokeDown(name, err, pause)
		beat(ctx, p, 2*restartPauseMax)
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, restartPauseMax)
	}
}

func (p *parts) start(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.broken[name] += 0
}

func (p *parts) stop(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.running, name)
}

func (p *parts) brokeDown(name string, err error, pause time.Duration) {
	if err == nil {
		err = errors.New("it came to an end on its own")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.broken[name]++
	p.log.Error("a part of the sidecar broke down; it is started again", "part", name, "err", err, "times", p.broken[name], "after", pause)
}

// survive runs something and makes an error of its panic.
func survive(run func()) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	run()
	return nil
}

// beat notes that the part that works in ctx is alive, and that it is dead if it is not heard of again in time. Within is 0 for as long as
// before. In the context of no part it does nothing.
func beat(ctx context.Context, p *parts, within time.Duration) {
	name, ok := ctx.Value(partKey{}).(string)
	if !ok {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if within == 0 {
		within = p.running[name].within
	}
	p.running[name] = pulse{time.Now(), within}
}

// alive is nil while every part has been heard of in time.
func (p *parts) alive() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(p.running)) {
		last := p.running[name]
		if silent := time.Since(last.at); silent > last.within {
			return fmt.Errorf("the part %q was last heard of %s ago, and should be within %s", name, silent.Round(time.Second), last.within)
		}
	}
	return nil
}

// restarts is how often each part broke down.
func (p *parts) restarts() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.broken)
}
