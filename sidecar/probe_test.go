package sidecar

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/probe"
	"github.com/zkark/zkark/sidecar/tail/tailtest"
)

// prober answers what the test says, or, without an answer, as late as it may.
type prober struct {
	answer atomic.Pointer[Seen]
	asked  chan bool // whether everyone was
	closed atomic.Bool
}

func (p *prober) Probe(ctx context.Context, everyone bool) Seen {
	select {
	case p.asked <- everyone:
	default:
	}
	if seen := p.answer.Load(); seen != nil {
		return *seen
	}
	<-ctx.Done()
	return Seen{Time: time.Now(), Own: probe.Server{Role: probe.Unknown}, Err: context.Cause(ctx)}
}

func (p *prober) Close() { p.closed.Store(true) }

// startWith starts a sidecar that asks a prober.
func startWith(t *testing.T, d *tailtest.Dir, a *ark, p Prober) *companion {
	t.Helper()
	return startConfigured(t, Config{DataDir: d.Path, Bucket: a.bucket, Source: 2, Prober: p, Drain: 2 * time.Second, Log: slog.New(slog.DiscardHandler)})
}

// reports are the reports in the archive, in order of time.
func (a *ark) reports() []archive.ServerReport {
	a.t.Helper()
	var all []archive.ServerReport
	for o, err := range a.bucket.Bucket.List(context.Background(), archive.ReportPrefix, "") {
		if err != nil {
			a.t.Fatal(err)
		}
		body, err := a.bucket.Bucket.Get(context.Background(), o.Key, 0)
		if err != nil {
			a.t.Fatal(err)
		}
		data, err := io.ReadAll(body)
		if err := errors.Join(err, body.Close()); err != nil {
			a.t.Fatal(err)
		}
		r, err := archive.ParseServerReport(o.Key, data)
		if err != nil {
			a.t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

func TestAZooKeeperThatDoesNotAnswerHoldsUpNothing(t *testing.T) {
	d, a, p := tailtest.New(t), newArk(t), &prober{asked: make(chan bool, 1)}
	c := startWith(t, d, a, p)
	l := d.Log(1, 5)
	c.turn()
	<-p.asked // and does not answer
	l.Append(6, 9)
	c.turn()
	l.Append(10, 12)
	c.turn()
	a.want(span(1, 12)...)
	if s := c.Status(); s.LastError != nil {
		t.Errorf("it counts as a failure of the sidecar: %v", s.LastError)
	}
	c.mustEnd()
	if !p.closed.Load() {
		t.Error("the prober is not closed")
	}
}

func TestWhatZooKeeperSaysIsInTheStatusAndInAReport(t *testing.T) {
	d, a, p := tailtest.New(t), newArk(t), &prober{asked: make(chan bool, 1)}
	leader := probe.Result{Member: probe.Member{ID: 1}, Server: probe.Server{Role: probe.Leader, Zxid: 9}}
	seen := Seen{
		Time: time.Unix(1.7e9, 0), Own: probe.Server{Role: probe.Follower, Version: "3.8.0", Zxid: 5}, Leader: &leader,
		Others:  []probe.Result{leader, {Member: probe.Member{ID: 3}, Server: probe.Server{Role: probe.Unknown}, Err: io.EOF}},
		Members: []probe.Member{{ID: 1}, {ID: 2}, {ID: 3}, {ID: 4, Observer: true}},
	}
	p.answer.Store(&seen)
	d.Log(1, 5)
	for name, content := range map[string]string{"acceptedEpoch": "7", "currentEpoch": "6\n"} {
		if err := os.WriteFile(filepath.Join(d.Path, zookeeper.VersionDir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	c := startWith(t, d, a, p)
	eventually(t, "a report", func() bool { c.turn(); return len(a.reports()) > 0 })
	if !<-p.asked {
		t.Error("the first time not everyone was asked")
	}
	if got, known := c.Status().ZooKeeper.Behind(); got != 4 || !known {
		t.Errorf("%d behind the leader, %v; want 4", got, known)
	}
	c.mustEnd()
	got := a.reports()[0]
	want := archive.ServerReport{
		Format: archive.Format, Server: 2, Time: got.Time, Role: "follower", Version: "3.8.0", AcceptedEpoch: 7, CurrentEpoch: 6,
		Logged: 5, Committed: 5, Archived: 5, Peers: []archive.PeerReport{{Server: 1, Role: "leader", Zxid: 9}}, Voters: []int{1, 2, 3}, Observers: []int{4},
	}
	if diff := cmp.Diff(want, got); diff != "" || len(a.reports()) != 1 {
		t.Errorf("%d reports\n%s", len(a.reports()), diff)
	}
}

func TestALostLeaderMakesATurnComeEarlyOnce(t *testing.T) {
	d, a, p := tailtest.New(t), newArk(t), &prober{}
	s := New(Config{DataDir: d.Path, Bucket: a.bucket, Source: 2, Prober: p, Log: slog.New(slog.DiscardHandler)})
	led := func(id int64) *Seen {
		return &Seen{Leader: &probe.Result{Member: probe.Member{ID: id}, Server: probe.Server{Role: probe.Leader}}}
	}
	for i, step := range []struct {
		seen  *Seen
		early int
	}{{&Seen{}, 0}, {led(1), 0}, {led(1), 0}, {&Seen{}, 1}, {&Seen{}, 0}, {led(3), 0}, {led(2), 1}} {
		p.answer.Store(step.seen)
		s.ask(t.Context(), false)
		if got := len(s.early); got != step.early {
			t.Errorf("look %d: %d turns come early, want %d", i, got, step.early)
		}
		for len(s.early) > 0 {
			<-s.early
		}
	}
}

func TestASidecarReportsWithoutAZooKeeperToAsk(t *testing.T) {
	d, a := tailtest.New(t), newArk(t)
	d.Log(1, 5)
	c := startWith(t, d, a, nil)
	eventually(t, "a report", func() bool { c.turn(); return len(a.reports()) > 0 })
	c.mustEnd()
	if r := a.reports()[0]; r.Role != "unknown" || r.Archived != 5 || r.Committed != 0 {
		t.Errorf("%+v, want what is known without asking", r)
	}
}

func TestAReportIsDueWhenItIsNewsButNotOften(t *testing.T) {
	last := archive.ServerReport{Time: time.Unix(1e9, 0), Role: "follower", AcceptedEpoch: 1, Voters: []int{1, 2, 3}, Logged: 7}
	for _, tc := range []struct {
		name   string
		after  time.Duration
		change func(*archive.ServerReport)
		due    bool
	}{
		{"nothing new", time.Hour / 7, nil, false},
		{"nothing new for long", reportEvery, nil, true},
		{"transactions are no news", reportPause, func(r *archive.ServerReport) { r.Logged = 8 }, false},
		{"a role is", reportPause, func(r *archive.ServerReport) { r.Role = "leader" }, true},
		{"an epoch is", reportPause, func(r *archive.ServerReport) { r.AcceptedEpoch = 2 }, true},
		{"a voter is", reportPause, func(r *archive.ServerReport) { r.Voters = []int{1, 2, 3, 4} }, true},
		{"but not at once", reportPause - 1, func(r *archive.ServerReport) { r.Role = "leader" }, false},
		{"a clock that was set back", -time.Hour, nil, true},
	} {
		now := last
		now.Time = last.Time.Add(tc.after)
		if tc.change != nil {
			tc.change(&now)
		}
		if got := reportDue(last, now); got != tc.due {
			t.Errorf("%s: due %v, want %v", tc.name, got, tc.due)
		}
	}
}

func TestHowFarAServerIsBehindIsKnownOnlyInsideAnEpoch(t *testing.T) {
	z := zookeeper.MakeZxid
	for _, tc := range []struct {
		name        string
		role        probe.Role
		own, leader zookeeper.Zxid
		behind      uint64
		known       bool
	}{
		{"it keeps up", probe.Follower, z(2, 7), z(2, 7), 0, true},
		{"it was asked later", probe.Follower, z(2, 9), z(2, 7), 0, true},
		{"it is behind", probe.Follower, z(2, 3), z(2, 7), 4, true},
		{"after an election", probe.Follower, z(1, 900), z(2, 0), 0, false},
		{"it does not serve", probe.Looking, 0, z(0, 7), 0, false},
		{"nobody leads", probe.Follower, z(2, 7), 0, 0, false},
	} {
		seen := Seen{Own: probe.Server{Role: tc.role, Zxid: tc.own}}
		if tc.leader != 0 {
			seen.Leader = &probe.Result{Server: probe.Server{Role: probe.Leader, Zxid: tc.leader}}
		}
		if n, known := seen.Behind(); n != tc.behind || known != tc.known {
			t.Errorf("%s: %d, %v", tc.name, n, known)
		}
	}
}

func TestAnEpochFileThatIsNoneIsNoEpoch(t *testing.T) {
	d := tailtest.New(t)
	d.Log(1, 1)
	for content, want := range map[string]uint32{"5": 5, "5\n": 5, "": 0, "x": 0, "-1": 0, "99999999999": 0} {
		if err := os.WriteFile(filepath.Join(d.Path, zookeeper.VersionDir, "currentEpoch"), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if got := epochIn(d.Path, "currentEpoch"); got != want {
			t.Errorf("%q is epoch %d, want %d", content, got, want)
		}
	}
}
