package sidecar

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/probe"
	"github.com/zkark/zkark/internal/zookeeper/snapshot"
	"github.com/zkark/zkark/sidecar/tail/tailtest"
)

func applied(z zookeeper.Zxid, at time.Duration) Seen {
	return Seen{Time: time.Unix(1.7e9, 0).Add(at), Own: probe.Server{Role: probe.Follower, Zxid: z}}
}

func TestAServerWhoseWritesAreNotSeenForLongIsTold(t *testing.T) {
	type step struct {
		seen  Seen
		found zookeeper.Zxid
		blind bool
	}
	z, s := zookeeper.MakeZxid, time.Second
	silent := Seen{Time: time.Unix(1.7e9, 0).Add(time.Hour), Own: probe.Server{Role: probe.Unknown}}
	for name, steps := range map[string][]step{
		"all is seen":                        {{applied(5, 0), 5, false}, {applied(9, 60*s), 12, false}},
		"a disk that is slow for a while":    {{applied(5, 0), 3, false}, {applied(9, 20*s), 4, false}, {applied(12, 40*s), 7, false}, {applied(14, 60*s), 9, false}},
		"nothing is seen":                    {{applied(5, 0), 0, false}, {applied(7, 29*s), 0, false}, {applied(9, 30*s), 0, true}, {applied(9, 90*s), 9, false}},
		"what is mounted is an old copy":     {{applied(z(7, 5), 0), z(2, 9), false}, {applied(z(7, 9), 31*s), z(2, 9), true}},
		"a leader that has done nothing yet": {{applied(z(7, 0), 0), z(6, 5), false}, {applied(z(7, 0), 60*s), z(6, 5), false}},
		"no answer, nothing missed":          {{applied(5, 0), 5, false}, {silent, 5, false}},
	} {
		var eyes sight
		for i, step := range steps {
			err := eyes.check(step.seen, step.found, []string{"/data/version-2"})
			if errors.Is(err, ErrBlind) != step.blind || step.blind && !strings.Contains(err.Error(), "/data/version-2") {
				t.Errorf("%s, step %d: error %v", name, i, err)
			}
		}
	}
}

func TestWhereAServerSaysThatItWritesIsToldWhenItIsNotWhereTheSidecarLooks(t *testing.T) {
	for says, want := range map[string]string{"/other/version-2": "it writes to /other/version-2", "/data/version-2": "not mounted"} {
		var eyes sight
		seen := applied(5, 0) // it is seldom asked for so much
		seen.Own.Config = &probe.Config{DataDir: "/data/version-2", LogDir: says}
		_ = eyes.check(seen, 0, nil)
		if err := eyes.check(applied(9, time.Hour), 0, []string{"/data/version-2"}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", says, err, want)
		}
	}
}

func TestASidecarThatSeesNothingOfWhatItsServerWritesSaysSo(t *testing.T) {
	d, a, p := tailtest.New(t), newArk(t), &prober{asked: make(chan bool, 1)}
	var said bytes.Buffer
	long := applied(9, 0)
	p.answer.Store(&long)
	c := startConfigured(t, Config{DataDir: d.Path, Bucket: a.bucket, Prober: p, Drain: 2 * time.Second, Log: slog.New(slog.NewTextHandler(&said, nil))})
	c.turn()
	<-p.asked
	later := applied(9, time.Minute)
	p.answer.Store(&later)
	eventually(t, "it is told", func() bool { c.turn(); return errors.Is(c.Status().LastError, ErrBlind) })
	d.Snapshot(9, zookeeper.Plain, snapshot.Trailer{}) // as when the right volume is mounted
	d.Log(10, 12)
	eventually(t, "it sees again", func() bool { c.turn(); return c.Status().LastError == nil })
	c.mustEnd()
	if !strings.Contains(said.String(), ErrBlind.Error()) || !strings.Contains(said.String(), "recovered: see what ZooKeeper writes") {
		t.Errorf("the log is:\n%s", said.String())
	}
}

func TestASidecarThatHasSeenNothingOfWhatItsServerWroteDoesNotEndWell(t *testing.T) {
	d, a, p := tailtest.New(t), newArk(t), &prober{asked: make(chan bool, 1)}
	d.Log(1, 5) // of an old copy
	seen := applied(9, 0)
	p.answer.Store(&seen)
	c := startWith(t, d, a, p)
	c.turn()
	<-p.asked
	later := applied(9, time.Minute)
	p.answer.Store(&later)
	eventually(t, "it is told", func() bool { c.turn(); return errors.Is(c.Status().LastError, ErrBlind) })
	if err := c.end(); !errors.Is(err, ErrBlind) || !errors.Is(err, ErrUnshipped) {
		t.Errorf("error %v, want ErrBlind and ErrUnshipped", err)
	}
}
