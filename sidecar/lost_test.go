package sidecar

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/sidecar/tail"
	"github.com/zkark/zkark/sidecar/tail/tailtest"
)

func TestWhatTheServerStillHasIsNotLost(t *testing.T) {
	gaps := []archive.Gap{{Missing: &archive.Range{First: 10, Last: 20}}, {}, {Missing: &archive.Range{First: 30, Last: 31}}}
	for name, c := range map[string]struct {
		runs []tail.Run
		want []archive.Range
	}{
		"nothing":      {nil, []archive.Range{{First: 10, Last: 20}, {First: 30, Last: 31}}},
		"all of it":    {[]tail.Run{{First: 1, Last: 40}}, nil},
		"the middle":   {[]tail.Run{{First: 30, Last: 40}, {First: 12, Last: 13}}, []archive.Range{{First: 10, Last: 11}, {First: 14, Last: 20}}},
		"both ends":    {[]tail.Run{{First: 5, Last: 10}, {First: 20, Last: 31}}, []archive.Range{{First: 11, Last: 19}}},
		"none of them": {[]tail.Run{{First: 5, Last: 9}, {First: 32, Last: 33}}, []archive.Range{{First: 10, Last: 20}, {First: 30, Last: 31}}},
	} {
		if diff := cmp.Diff(c.want, lost(gaps, c.runs)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestTheExactRangeThatWasPurgedWhileNoSidecarRanIsTold(t *testing.T) {
	d, a := tailtest.New(t), newArk(t)
	d.Log(1, 5)
	c := start(t, d, a)
	c.turn()
	if st := c.Status(); len(st.Lost) > 0 {
		t.Errorf("lost %v of a whole archive", st.Lost)
	}
	c.mustEnd()
	d.Remove(zookeeper.LogName(1))
	d.Log(9, 12) // 6 to 8 were logged and purged
	c = start(t, d, a)
	c.turn()
	if early := c.Status().Lost; len(early) > 0 {
		t.Errorf("lost %v already, though another sidecar may be about to archive it", early)
	}
	c.wantLost(archive.Range{First: 6, Last: 8})
	c.mustEnd()
}

// wantLost gives turns until something is told to be lost.
func (c *companion) wantLost(want ...archive.Range) {
	c.t.Helper()
	eventually(c.t, "something is lost", func() bool { c.turn(); return len(c.Status().Lost) > 0 })
	if diff := cmp.Diff(want, c.Status().Lost); diff != "" {
		c.t.Errorf("lost (-want +got):\n%s", diff)
	}
}

// A server comes back without what the others logged meanwhile, and hears of what came after first.
func TestWhatAnotherSidecarArchivesALittleLaterIsNotLost(t *testing.T) {
	d, a := tailtest.New(t), newArk(t)
	d.Log(1, 5)
	var said bytes.Buffer
	c := startConfigured(t, Config{DataDir: d.Path, Bucket: a.bucket, Drain: 2 * time.Second, Log: slog.New(slog.NewTextHandler(&said, nil))})
	c.turn()
	d.Log(9, 12)
	c.turn()
	peer := tailtest.New(t)
	peer.Log(1, 9)
	other := start(t, peer, a)
	other.turn()
	for range 2 * lostTurns {
		c.turn()
		if st := c.Status(); len(st.Lost) > 0 {
			t.Fatalf("lost %v", st.Lost)
		}
	}
	if gaps := c.Status().Archive.Gaps; len(gaps) > 0 {
		t.Errorf("gaps %v, which were filled", gaps)
	}
	other.mustEnd()
	c.mustEnd()
	if strings.Contains(said.String(), "ERROR") {
		t.Errorf("the log is:\n%s", said.String())
	}
}
