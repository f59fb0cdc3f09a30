package cli

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// record is what was logged, for several goroutines.
type record struct {
	mu   sync.Mutex
	text strings.Builder
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(p)
}

func (r *record) wait(t *testing.T, want string) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for tick := time.Tick(5 * time.Millisecond); ; {
		r.mu.Lock()
		text := r.text.String()
		r.mu.Unlock()
		if strings.Contains(text, want) {
			return
		}
		select {
		case <-tick:
		case <-deadline:
			t.Fatalf("no %q in %s", want, text)
		}
	}
}

// A sidecar runs on what it finds in its file, and takes over at a signal what can be taken over.
func TestASignalReloadsWhatCanBeAndSaysWhatCannot(t *testing.T) {
	dir := t.TempDir()
	path, cfg := filepath.Join(dir, "zkark.yaml"), filepath.Join(dir, "zoo.cfg")
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(cfg, "dataDir="+dir+"\n")
	common := "archive: file://" + filepath.Join(dir, "archive") + "\nzoo-cfg: " + cfg + "\n"
	write(path, common)
	logged, hangups := &record{}, make(chan os.Signal)
	ctx, cancel := context.WithCancelCause(context.Background())
	ended := make(chan int, 1)
	go func() {
		ended <- Run(ctx, []string{"sidecar", "--config", path, "--drain-timeout", "1s"}, Process{
			Stdout: logged, Stderr: logged, LookupEnv: func(string) (string, bool) { return "", false },
			Hangups: func() (<-chan os.Signal, func()) { return hangups, func() {} },
		})
	}()
	logged.wait(t, "the sidecar starts")
	write(path, common+"log-level: debug\nmax-rate: 5MiB\nsidecar:\n  sync-rate: 2\n  drain-timeout: 9s\n")
	hangups <- nil
	logged.wait(t, `holds from now on" flag=log-level was=info is=debug`)
	logged.wait(t, `holds from now on" flag=max-rate was=0 is=5MiB`)
	logged.wait(t, `waits for a restart" flag=sync-rate now=1 then=2`)
	logged.wait(t, "is reloaded\" changed=3")
	write(path, common+"log-level: loud\n")
	hangups <- nil
	logged.wait(t, "stays as it was")
	write(path, common+"nonsense: 1\n")
	hangups <- nil
	logged.wait(t, "unknown key")
	cancel(nil)
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		t.Fatal("the sidecar does not end")
	}
}

func TestTheLevelOfLogsCanBeChangedWhileTheyAreWritten(t *testing.T) {
	var s session
	logged := &record{}
	log := newLogger(logged, &s.level, "text")
	log.Debug("before")
	if err := s.setLevel("debug"); err != nil || s.level.Level() != slog.LevelDebug {
		t.Fatal(err)
	}
	log.Debug("after")
	if text := logged.text.String(); strings.Contains(text, "before") || !strings.Contains(text, "after") {
		t.Error(text)
	}
}
