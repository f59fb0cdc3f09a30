package sidecar

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/drills"
	"github.com/zkark/zkark/internal/store"
	"github.com/zkark/zkark/sidecar/tail/tailtest"
)

func TestChoresThatFailAreToldAndEndWithTheSidecar(t *testing.T) {
	d, a := tailtest.New(t), newArk(t)
	d.Log(1, 5)
	a.bucket.After = func(op, key string) error {
		if op == "delete" {
			return store.ErrDenied
		}
		return nil
	}
	s := New(Config{DataDir: d.Path, Bucket: a.bucket, Prune: archive.Retention{Keep: time.Hour}, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	ctx, cancel := context.WithCancel(t.Context())
	if err := errors.Join(s.look(ctx), s.turn(ctx)); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.every(ctx, time.Millisecond, &s.chores, s.prune)
	}()
	eventually(t, "the denied deletion is in the status", func() bool { return errors.Is(s.Status().LastError, store.ErrDenied) })
	cancel()
	<-done
	if err := s.compact(t.Context()); err != nil {
		t.Errorf("compact what is new: %v", err)
	}
	if err := s.tail.Close(); err != nil {
		t.Error(err)
	}
}

func TestWhenTheArchiveWasLastProvenIsInTheStatus(t *testing.T) {
	d, a := tailtest.New(t), newArk(t)
	s := New(Config{DataDir: d.Path, Bucket: a.bucket, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err := s.lookForDrill(t.Context()); err != nil || s.Status().Drill != nil {
		t.Errorf("of no drill: %v, %+v", err, s.Status().Drill)
	}
	if err := drills.Put(t.Context(), a.bucket, archive.DrillReport{Time: time.Unix(1.7e9, 0), Target: 42}); err != nil {
		t.Fatal(err)
	}
	if err := s.lookForDrill(t.Context()); err != nil || s.Status().Drill == nil || s.Status().Drill.Target != 42 {
		t.Errorf("of a drill: %v, %+v", err, s.Status().Drill)
	}
	if err := s.tail.Close(); err != nil {
		t.Error(err)
	}
}
