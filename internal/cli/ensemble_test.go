package cli

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zkark/zkark/internal/zookeeper/zoocfg"
)

func TestServersThatAreAddedWhileTheSidecarRunsShareTheTurns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "zoo.cfg")
	write := func(text string) {
		if err := os.WriteFile(path, []byte("dataDir=/data\nclientPort=2181\n"+text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("server.1=a:1:2\nserver.2=b:1:2\n")
	cfg, err := zoocfg.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1.7e9, 0)
	e := newEnsemble(cfg, func() time.Time { return now }, slog.New(slog.DiscardHandler))
	want := func(ids ...int) {
		t.Helper()
		if diff := cmp.Diff(ids, e.current()); diff != "" {
			t.Error(diff)
		}
	}
	want(1, 2)
	write("server.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2:observer\n")
	now = now.Add(reread)
	want(1, 2, 3)
	write("server.1=nonsense\n")
	now = now.Add(reread)
	want(1, 2, 3)
}
