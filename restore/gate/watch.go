package gate

import (
	"context"
	"time"

	"github.com/zkark/zkark/internal/zookeeper"
)

// Clock is the time that a Watch goes by.
type Clock struct {
	Now   func() time.Time
	After func(time.Duration) <-chan time.Time
}

// SystemClock is the machine's.
func SystemClock() Clock { return Clock{Now: time.Now, After: time.After} }

// settle is how long answers that are not of one instant may take to agree, however short the wait is.
const settle = 2 * time.Second

// Watch asks again and again.
type Watch struct {
	Look  func(ctx context.Context) (Situation, error) // asks everybody; its Fence is not looked at
	Else  func(ctx context.Context, d Decision) (Decision, error)
	Wait  time.Duration // how long to ask; answers are given a moment to settle in any case
	Pause time.Duration // between two questions
	Clock Clock
}

// Run returns as soon as a decision is Allow or Refuse, or with the last one, Wait, when the time is up. Else, which may be nil, is asked
// after each decision to wait and may make another of it.
func (w Watch) Run(ctx context.Context) (Decision, error) {
	end := w.Clock.Now().Add(max(w.Wait, settle))
	var f fence
	for {
		s, err := w.Look(ctx)
		if err != nil {
			return Decision{}, err
		}
		s.Fence = f.at(s)
		d := Decide(s)
		if d.Verdict == Wait && w.Else != nil {
			if d, err = w.Else(ctx, d); err != nil {
				return d, err
			}
		}
		if d.Verdict != Wait || !w.Clock.Now().Before(end) {
			return d, nil
		}
		select {
		case <-ctx.Done():
			return d, context.Cause(ctx)
		case <-w.Clock.After(w.Pause):
		}
	}
}

// fence is where a leader stood when it was first seen.
type fence struct {
	leader int64
	zxid   zookeeper.Zxid
}

// at sets the fence anew when somebody else leads, or in another epoch.
func (f *fence) at(s Situation) zookeeper.Zxid {
	leader := leaderOf(s)
	if leader == nil {
		*f = fence{}
		return 0
	}
	if f.leader != leader.ID || f.zxid.Epoch() != leader.Zxid.Epoch() || leaderIsNew(f.zxid) {
		*f = fence{leader: leader.ID, zxid: leader.Zxid}
	}
	return f.zxid
}

// leaderIsNew tells of an epoch without a transaction, behind whose fence nothing can be known.
func leaderIsNew(z zookeeper.Zxid) bool { return z.Counter() == 0 }
