package sidecar

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/zkark/zkark/internal/store"
)

func TestAStreakOfFailuresIsToldSparsely(t *testing.T) {
	var out bytes.Buffer
	s := streak{log: slog.New(slog.NewTextHandler(&out, nil)), what: "ship"}
	for range 100 {
		s.count(store.ErrUnavailable)
	}
	s.count(nil)
	s.count(nil)
	if n := strings.Count(out.String(), "level=WARN"); n != 7 {
		t.Errorf("%d warnings for 100 failures, want 7", n)
	}
	if !strings.Contains(out.String(), "recovered: ship") || !strings.Contains(out.String(), "failures=100") || strings.Count(out.String(), "INFO") != 1 {
		t.Errorf("recovery is not told once with the streak's length:\n%s", out.String())
	}
}
