package gate

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/probe"
)

func voter(id int64, role probe.Role, z zookeeper.Zxid) probe.Result {
	return probe.Result{Member: probe.Member{ID: id}, Server: probe.Server{Role: role, Zxid: z}}
}

func mute(id int64) probe.Result {
	return probe.Result{Member: probe.Member{ID: id}, Server: probe.Server{Role: probe.Unknown}, Err: errors.New("connection refused")}
}

func observer(r probe.Result) probe.Result { r.Observer = true; return r }

func TestDecide(t *testing.T) {
	const tip = zookeeper.Zxid(0x200000010)
	synced := voter(2, probe.Leader, 0x300000000)
	synced.Peers = &probe.Peers{SyncedFollowers: 1}
	for name, c := range map[string]struct {
		s      Situation
		want   Verdict
		reason string
	}{
		"a live quorum has everything":           {Situation{Answers: []probe.Result{mute(1), voter(2, probe.Leader, tip), voter(3, probe.Follower, tip)}}, Allow, "server 2 leads"},
		"what we answer ourselves counts not":    {Situation{Answers: []probe.Result{voter(1, probe.Follower, tip), voter(2, probe.Leader, tip), mute(3)}}, Wait, "1 of 3 voters"},
		"amnesia: the third has fallen behind":   {Situation{Answers: []probe.Result{mute(1), voter(2, probe.Leader, tip+5), voter(3, probe.Follower, tip)}}, Wait, "no majority"},
		"behind, but past the fence":             {Situation{Fence: tip, Answers: []probe.Result{mute(1), voter(2, probe.Leader, tip+5), voter(3, probe.Follower, tip)}}, Allow, "leads"},
		"an older majority":                      {Situation{Answers: []probe.Result{mute(1), voter(2, probe.Leader, tip-9), voter(3, probe.Follower, tip-9)}}, Wait, "older than the archive"},
		"nobody answers":                         {Situation{Answers: []probe.Result{mute(1), mute(2), mute(3)}}, Wait, "leads a quorum (server 2: connection refused; server 3"},
		"nobody leads":                           {Situation{Answers: []probe.Result{mute(1), voter(2, probe.Looking, 0), voter(3, probe.Looking, 0)}}, Wait, "leads a quorum"},
		"a new epoch without a transaction":      {Situation{Answers: []probe.Result{mute(1), voter(2, probe.Leader, 0x300000000), voter(3, probe.Follower, tip)}}, Wait, "no majority"},
		"a new epoch, and the leader counts":     {Situation{Answers: []probe.Result{mute(1), synced, voter(3, probe.Follower, tip)}}, Allow, "leads"},
		"observers do not help":                  {Situation{Answers: []probe.Result{mute(1), voter(2, probe.Leader, tip), mute(3), observer(voter(4, probe.Observer, tip)), observer(voter(5, probe.Observer, tip))}}, Wait, "no majority"},
		"we are an observer":                     {Situation{Answers: []probe.Result{observer(mute(1)), mute(2), mute(3)}}, Allow, "observer"},
		"an archive that diverged":               {Situation{Diverged: errors.New("two histories"), Answers: []probe.Result{mute(1), voter(2, probe.Leader, tip), voter(3, probe.Follower, tip)}}, Refuse, "two histories"},
		"back to an older point alone":           {Situation{Point: tip - 1, Answers: []probe.Result{mute(1), voter(2, probe.Leader, tip), voter(3, probe.Follower, tip)}}, Refuse, "alone"},
		"groups of voters":                       {Situation{Weighted: true, Answers: []probe.Result{mute(1), voter(2, probe.Leader, tip), voter(3, probe.Follower, tip)}}, Refuse, "weights"},
		"not in the configuration":               {Situation{Answers: []probe.Result{voter(2, probe.Leader, tip), voter(3, probe.Follower, tip)}}, Refuse, "no server 1"},
		"a deposed leader's follower is nothing": {Situation{Answers: []probe.Result{mute(1), voter(2, probe.Leader, 0x300000005), voter(3, probe.Follower, tip)}}, Wait, "no majority"},
	} {
		t.Run(name, func(t *testing.T) {
			c.s.Self, c.s.Tip = 1, tip
			if c.s.Point == 0 {
				c.s.Point = tip
			}
			d := Decide(c.s)
			if d.Verdict != c.want || !strings.Contains(d.Reason, c.reason) {
				t.Errorf("got %s: %s; want %s: …%s…", d.Verdict, d.Reason, c.want, c.reason)
			}
			if d.Verdict != Allow && len(d.Advice) == 0 {
				t.Error("nothing is advised")
			}
		})
	}
}

// A model of who has what: every transaction is with a majority when it is acknowledged. Whatever the answers, a voter that is allowed
// to come back leaves each acknowledged transaction with a majority that does not count it.
func TestAVoterIsAllowedOnlyWhenWhatItAcknowledgedIsSafeWithoutIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 7).Draw(t, "voters")
		held := make([]zookeeper.Zxid, n) // up to which each voter has everything; ours before it was lost
		s := Situation{Self: 1}
		for i := range held {
			held[i] = zookeeper.MakeZxid(1, rapid.Uint32Range(1, 5).Draw(t, "held"))
			r := voter(int64(i+1), rapid.SampledFrom([]probe.Role{probe.Leader, probe.Follower, probe.Looking, probe.ReadOnly}).Draw(t, "role"), held[i])
			if rapid.Bool().Draw(t, "mute") {
				r = mute(int64(i + 1))
			}
			s.Answers = append(s.Answers, r)
		}
		s.Tip = zookeeper.MakeZxid(1, rapid.Uint32Range(1, 5).Draw(t, "tip"))
		s.Point = min(s.Tip, zookeeper.MakeZxid(1, rapid.Uint32Range(1, 5).Draw(t, "point")))
		d := Decide(s)
		if d.Verdict != Allow {
			return
		}
		if d.Leader == 0 || d.Leader == s.Self || d.Zxid < s.Point || d.Zxid < s.Tip {
			t.Fatalf("allowed without a leader past the point: %+v", d)
		}
		have := 0
		for i, z := range held {
			if int64(i+1) != s.Self && z >= d.Zxid {
				have++
			}
		}
		if have <= n/2 {
			t.Fatalf("allowed, and only %d of %d others have what the leader has: %+v", have, n, d)
		}
	})
}

func TestWatchAsksUntilAQuorumIsThereOrTheTimeIsUp(t *testing.T) {
	for name, c := range map[string]struct {
		ready int // the question at which all is well
		want  Verdict
		asked int
	}{"it comes": {3, Allow, 3}, "it does not come": {1000, Wait, 11}} {
		t.Run(name, func(t *testing.T) {
			now, asked := time.Unix(0, 0), 0
			tick := make(chan time.Time, 1)
			w := Watch{Wait: 10 * time.Second, Pause: time.Second, Clock: Clock{
				Now:   func() time.Time { return now },
				After: func(d time.Duration) <-chan time.Time { now = now.Add(d); tick <- now; return tick },
			}}
			w.Look = func(context.Context) (Situation, error) {
				asked++
				s := Situation{Self: 1, Answers: []probe.Result{mute(1), voter(2, probe.Leader, 9), mute(3)}}
				if asked >= c.ready {
					s.Answers[2] = voter(3, probe.Follower, 9)
				}
				return s, nil
			}
			d, err := w.Run(t.Context())
			if err != nil || d.Verdict != c.want || asked != c.asked {
				t.Errorf("asked %d times, got %+v, %v", asked, d, err)
			}
		})
	}
}

func TestWatchTakesFollowersThatPassedWhereTheLeaderFirstStoodAsCaughtUp(t *testing.T) {
	asked := zookeeper.Zxid(0)
	fired := make(chan time.Time)
	close(fired)
	w := Watch{Pause: time.Second, Clock: Clock{Now: func() time.Time { return time.Unix(0, 0) }, After: func(time.Duration) <-chan time.Time { return fired }}}
	w.Look = func(context.Context) (Situation, error) {
		asked += 100
		lag := voter(3, probe.Follower, 0x100000000+asked-7) // always a few behind
		return Situation{Self: 1, Answers: []probe.Result{mute(1), voter(2, probe.Leader, 0x100000000+asked), lag}}, nil
	}
	d, err := w.Run(t.Context())
	if err != nil || d.Verdict != Allow || asked != 200 {
		t.Errorf("after %d: %+v, %v", asked, d, err)
	}
}
