package sidecar

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zkark/zkark/internal/store/mem"
	"github.com/zkark/zkark/sidecar/tail/tailtest"
)

func TestAPartThatBreaksDownIsStartedAgainAndCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Config{DataDir: t.TempDir(), Bucket: mem.New(), Log: slog.New(slog.DiscardHandler)})
		runs := 0
		s.guard(t.Context(), "turns", time.Minute, func(context.Context) {
			if runs++; runs < 3 {
				panic("oh")
			}
		})
		if n := s.Status().Panics["turns"]; runs != 3 || n != 2 {
			t.Errorf("%d runs, %d counted", runs, n)
		}
	})
}

func TestAPartThatIsSilentForTooLongIsDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Config{DataDir: t.TempDir(), Bucket: mem.New(), Log: slog.New(slog.DiscardHandler)})
		s.beat("turns", time.Minute)
		s.beat("look", time.Hour)
		time.Sleep(time.Minute)
		if err := s.Alive(); err != nil {
			t.Errorf("dead too early: %v", err)
		}
		time.Sleep(time.Second)
		if err := s.Alive(); err == nil || !strings.Contains(err.Error(), "turns") {
			t.Errorf("error %v, want the part that is silent", err)
		}
		s.beat("turns", 0)
		if err := s.Alive(); err != nil {
			t.Errorf("dead although it beats: %v", err)
		}
	})
}

func TestASidecarIsReadyOnceItHasLookedWhateverTheStoreDoes(t *testing.T) {
	d, a := tailtest.New(t), newArk(t)
	a.down.Store(true)
	d.Log(1, 3)
	c := start(t, d, a)
	eventually(t, "it is ready", func() bool { return c.Ready() == nil })
	if c.Status().Archived != 0 || c.Alive() != nil {
		t.Errorf("%+v, %v", c.Status(), c.Alive())
	}
	a.down.Store(false)
}
