package restore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/zookeeper"
)

var errKilled = errors.New("killed")

// killer ends a restore before one of its steps, for good: nothing that comes later, clearing up included, is done.
type killer struct {
	at int

	mu    sync.Mutex
	steps []string
}

func (k *killer) before(step string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.steps = append(k.steps, step)
	if len(k.steps) > k.at {
		return errKilled
	}
	return nil
}

// shape is one way of restoring.
type shape struct {
	name     string
	separate bool
	keepOld  bool
	change   func(*Config, *world)
}

func shapes() []shape {
	crisp := func(c *Config, w *world) {
		c.To, c.DropSessions = archive.AtZxid(w.log[150].Zxid), true
	}
	quorum := func(c *Config, w *world) { c.To, c.Quorum = archive.AtZxid(w.log[170].Zxid), true }
	plain := func(*Config, *world) {}
	return []shape{
		{"a base and logs", false, true, plain},
		{"a crisp snapshot, the old data dropped", false, false, crisp},
		{"logs of their own", true, true, quorum},
		{"logs of their own, a crisp snapshot, the old data dropped", true, false, crisp},
	}
}

// target is a server's directory with an older state in it.
func (s shape) target(t *testing.T, w *world) Config {
	t.Helper()
	cfg := w.config(t)
	if s.separate {
		cfg.LogDir = t.TempDir()
	}
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	cfg.Now = func() time.Time { now = now.Add(time.Second); return now }
	cfg.To, cfg.Quorum = archive.AtZxid(w.log[60].Zxid), true
	if _, err := Run(context.Background(), cfg); err != nil {
		t.Fatal(err)
	}
	cfg.To, cfg.Quorum, cfg.KeepOld = archive.Latest(), false, s.keepOld
	s.change(&cfg, w)
	return cfg
}

// live is what a server would find: of snapshots and of logs.
func live(t *testing.T, cfg Config) (data, log map[string]string) {
	t.Helper()
	return contents(t, filepath.Join(cfg.DataDir, zookeeper.VersionDir)), contents(t, filepath.Join(cfg.LogDir, zookeeper.VersionDir))
}

func TestKilledBeforeAnyStepTheTargetIsOldOrNewAndTheSecondRunSucceeds(t *testing.T) {
	w := newWorld(t, 51, 200)
	for _, s := range shapes() {
		t.Run(s.name, func(t *testing.T) {
			all := &killer{at: 1 << 30}
			cfg := s.target(t, w)
			oldData, oldLog := live(t, cfg)
			cfg.before = all.before
			if _, err := Run(context.Background(), cfg); err != nil {
				t.Fatal(err)
			}
			newData, newLog := live(t, cfg)
			if len(all.steps) < 15 {
				t.Fatalf("only %d steps: %q", len(all.steps), all.steps)
			}
			for at := range all.steps {
				k := &killer{at: at}
				cfg := s.target(t, w)
				cfg.before = k.before
				if _, err := Run(context.Background(), cfg); !errors.Is(err, errKilled) {
					if last := k.steps[len(k.steps)-1]; last != "clear the staging" {
						t.Fatalf("step %d, %s: %v", at, last, err)
					}
				}
				where := fmt.Sprintf("killed before step %d, %s", at, k.steps[at])
				data, log := live(t, cfg)
				expectWhole(t, where, data, oldData, newData)
				expectWhole(t, where, log, oldLog, newLog)
				if len(data) > 0 && maps.Equal(data, oldData) != maps.Equal(log, oldLog) {
					t.Errorf("%s: snapshots and logs are of two states", where)
				}
				cfg.before = nil
				if _, err := Run(context.Background(), cfg); err != nil {
					t.Fatalf("%s: the second run: %v", where, err)
				}
				data, log = live(t, cfg)
				if diff := cmp.Diff(slices.Sorted(maps.Keys(newData)), slices.Sorted(maps.Keys(data))); diff != "" || !maps.Equal(data, newData) || !maps.Equal(log, newLog) {
					t.Errorf("%s: after the second run the target is not the new state: %s", where, diff)
				}
				expectTidy(t, where, cfg)
			}
		})
	}
}

// expectWhole expects the one or the other, or nothing where two directories cannot change places at once.
func expectWhole(t *testing.T, where string, got, before, after map[string]string) {
	t.Helper()
	if len(got) > 0 && !maps.Equal(got, before) && !maps.Equal(got, after) {
		t.Errorf("%s: the target holds %v, which is a mix", where, slices.Sorted(maps.Keys(got)))
	}
}

// expectTidy expects that nothing is left but the state, the old data and the server's own files.
func expectTidy(t *testing.T, where string, cfg Config) {
	t.Helper()
	for _, dir := range []string{cfg.DataDir, cfg.LogDir} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if name := e.Name(); name != zookeeper.VersionDir && !strings.HasPrefix(name, keptPrefix+"2") {
				t.Errorf("%s: %s stays after the second run", where, name)
			}
		}
	}
}
