package zkserver

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestAServerComesUpIsKilledAndComesUpAgainOnTheSamePort(t *testing.T) {
	s := StartForTest(t, Require(t), Options{SeparateLogDir: true})
	for range 2 {
		status, err := s.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if status.Mode != "standalone" || status.Version != s.Release().Version || status.Nodes < 4 {
			t.Errorf("the server says %+v", status)
		}
		if err := s.Kill(); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Status(t.Context()); err == nil {
			t.Error("a killed server answers")
		}
		s.MustStart(t)
	}
	if found, err := s.Complaints(); err != nil || len(found) > 0 {
		t.Errorf("a healthy server complains: %q %v", found, err)
	}
	if _, err := os.Stat(filepath.Join(s.LogDir(), "version-2")); err != nil || s.LogDir() == s.DataDir() {
		t.Errorf("no transaction logs in a directory of their own: %v", err)
	}
}

func TestAnEnsembleElectsALeader(t *testing.T) {
	servers, err := NewEnsemble(Require(t), t.TempDir(), 3, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range servers {
		s.EndWith(t)
		if err := s.Launch(); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	modes := make(map[string]int)
	for _, s := range servers {
		if err := s.WaitReady(ctx); err != nil {
			t.Fatal(err)
		}
		status, err := s.Status(ctx)
		if err != nil {
			t.Fatal(err)
		}
		modes[status.Mode]++
	}
	if diff := cmp.Diff(map[string]int{"leader": 1, "follower": 2}, modes); diff != "" {
		t.Error(diff)
	}
}

func TestAPausedServerAnswersOnlyWhenResumed(t *testing.T) {
	s := StartForTest(t, Require(t), Options{})
	if err := s.Pause(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if status, err := s.Status(ctx); err == nil {
		t.Errorf("a paused server answers %+v", status)
	}
	if err := s.Resume(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Status(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestAServerThatCannotStartSaysWhyFromItsLog(t *testing.T) {
	s, err := New(Require(t), t.TempDir(), Options{Config: []string{"tickTime=fast"}})
	if err != nil {
		t.Fatal(err)
	}
	s.EndWith(t)
	if err := s.Start(t.Context()); err == nil {
		t.Error("the server started")
	} else if want := "fast"; !strings.Contains(err.Error(), want) {
		t.Errorf("the error does not quote the server: %v", err)
	}
}

func TestFindSaysWhatToInstall(t *testing.T) {
	t.Setenv(HomeVariable, t.TempDir())
	_, err := Find()
	var missing *NotFoundError
	if !errors.As(err, &missing) || missing.Advice == "" {
		t.Errorf("Find in an empty directory: %v", err)
	}
}

func TestComplaintsAreWhatAnOperatorWouldLookAt(t *testing.T) {
	log := `2026-01-01 00:00:00,000 [main] INFO org.apache.zookeeper.Server - Snapshot taken
2026-01-01 00:00:00,000 [main] WARN org.apache.zookeeper.server.ServerCnxnFactory - maxCnxns is not configured, using default value 0.
2026-01-01 00:00:00,000 [main] ERROR org.apache.zookeeper.server.DataTree - Digests are not matching. Value is Zxid.
2026-01-01 00:00:00,000 [main] WARN org.apache.zookeeper.server.persistence.FileTxnLog - no snapshot found
java.io.IOException: CRC check failed
`
	if got := complaints(log); len(got) != 3 {
		t.Errorf("complaints: %q", got)
	}
}
