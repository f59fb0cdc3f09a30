package zkserver

import (
	"context"
	"testing"
	"time"
)

// StartForTest starts a standalone server in the test's temporary directory. It is killed when the test ends, and a failed
// test prints the end of its log.
func StartForTest(t testing.TB, r Release, o Options) *Server {
	t.Helper()
	s, err := New(r, t.TempDir(), o)
	if err != nil {
		t.Fatal(err)
	}
	s.EndWith(t)
	s.MustStart(t)
	return s
}

// EndWith has the server killed when the test ends; a failed test prints the end of its log.
func (s *Server) EndWith(t testing.TB) {
	t.Cleanup(func() {
		if err := s.Kill(); err != nil {
			t.Errorf("kill ZooKeeper: %v", err)
		}
		if t.Failed() && s.starts > 0 {
			t.Logf("ZooKeeper on %s: %s", s.Addr(), s.logTail())
		}
	})
}

// MustStart starts the server and waits until it serves, or fails the test.
func (s *Server) MustStart(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := s.Start(ctx); err != nil {
		t.Fatal(err)
	}
}
