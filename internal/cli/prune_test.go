package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/zookeeper"
)

func run(args ...string) (code int, stdout, stderr string) {
	var out, notes bytes.Buffer
	p := Process{Stdout: &out, Stderr: &notes, LookupEnv: func(string) (string, bool) { return "", false }}
	return Run(context.Background(), args, p), out.String(), notes.String()
}

// ten is an archive in a directory: ten days, each with a base and one segment of ten records. Its objects are empty, because
// pruning reads names.
func ten(t *testing.T) (dir string) {
	dir = t.TempDir()
	put(t, dir, archive.IdentityKey, `{"format":1,"cluster":"c"}`, time.Now())
	put(t, dir, "servers/1.json", "{}", time.Now().Add(-1000*time.Hour))
	for d := range zookeeper.Zxid(10) {
		at := time.Now().Add(time.Hour - time.Duration(10-d)*24*time.Hour)
		b := archive.Base{Start: d * 10, End: d * 10, Time: at, Hash: "0123456789abcdef"}
		s := archive.Segment{First: d*10 + 1, Last: d*10 + 10, Prev: d * 10, Linked: true, FirstTime: at, LastTime: at, Hash: "0123456789abcdef"}
		put(t, dir, archive.TimelinePrefix(1)+b.Key(), "base", at)
		put(t, dir, archive.TimelinePrefix(1)+s.Key(), "segment", at)
	}
	return dir
}

func put(t *testing.T, dir, key, content string, at time.Time) {
	t.Helper()
	name := filepath.Join(dir, filepath.FromSlash(key))
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(name, at, at); err != nil {
		t.Fatal(err)
	}
}

func files(t *testing.T, dir string) int {
	t.Helper()
	n := 0
	err := filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestADryPrunePrintsThePlanAndRemovesNothing(t *testing.T) {
	dir := ten(t)
	before := files(t, dir)
	args := []string{"prune", "--archive", "file://" + dir, "--keep", "3d", "--keep-daily", "1w", "--dry-run"}
	code, out, notes := run(args...)
	if code != 0 || files(t, dir) != before {
		t.Fatalf("exit %d, %d files of %d left: %s", code, files(t, dir), before, notes)
	}
	for _, want := range []string{"would remove   snapshot/0000000000000000-", "keeps          every point from 0x46 on", "10 objects"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in:\n%s", want, out)
		}
	}
	code, out, _ = run(append(args, "--output", "json")...)
	var p pruned
	if err := json.Unmarshal([]byte(out), &p); err != nil || code != 0 || p.Kind != "plan" || p.From.String() != "0x46" || len(p.Remove) == 0 {
		t.Errorf("exit %d, %v, %+v", code, err, p)
	}
}

func TestAPruneRemovesWhatItSaidAndASecondOneNothing(t *testing.T) {
	dir := ten(t)
	args := []string{"prune", "--archive", "file://" + dir, "--keep", "3d", "--keep-daily", "1w", "--output", "json"}
	before := files(t, dir)
	var p pruned
	code, out, notes := run(args...)
	if err := json.Unmarshal([]byte(out), &p); err != nil || code != 0 || p.Kind != "pruned" {
		t.Fatalf("exit %d, %v: %s", code, err, notes)
	}
	if after := files(t, dir); after != before-len(p.Remove)+1 {
		t.Errorf("%d files of %d left, want one mark more and %d less", after, before, len(p.Remove))
	}
	if _, err := os.Stat(filepath.Join(dir, "servers/1.json")); err != nil {
		t.Error(err)
	}
	code, out, _ = run(args...)
	p = pruned{}
	if err := json.Unmarshal([]byte(out), &p); err != nil || code != 0 || len(p.Remove) != 0 {
		t.Errorf("again: exit %d, %v, removed %+v", code, err, p.Remove)
	}
}

func TestAPruneThatCannotBeDoneSaysWhyInOneSentence(t *testing.T) {
	ahead := ten(t)
	b := archive.Base{Start: 100, End: 100, Hash: "0123456789abcdef"}
	put(t, ahead, archive.TimelinePrefix(1)+b.Key(), "base", time.Now().Add(48*time.Hour))
	empty := t.TempDir()
	put(t, empty, archive.IdentityKey, `{"format":1,"cluster":"c"}`, time.Now())
	broken := ten(t)
	lost, _ := filepath.Glob(filepath.Join(broken, archive.TimelinePrefix(1), "snapshot", "*"))
	lost = append(lost, filepath.Join(broken, "none"))
	if first, _ := filepath.Glob(filepath.Join(broken, archive.TimelinePrefix(1), "log", "0000000000000001-*")); len(first) == 1 {
		lost = append(lost, first[0])
	}
	for _, name := range lost {
		os.Remove(name)
	}
	for name, c := range map[string]struct {
		code     int
		sentence string
		args     []string
	}{
		"no period":    {2, "needs --keep", []string{"--archive", "file://" + empty}},
		"bad period":   {2, "no length of time", []string{"--archive", "file://" + empty, "--keep", "seven"}},
		"no archive":   {3, "zkark.json is missing", []string{"--archive", "file://" + t.TempDir(), "--keep", "7d"}},
		"empty":        {3, "no base and no segment", []string{"--archive", "file://" + empty, "--keep", "7d"}},
		"no chain":     {4, "nothing may be removed", []string{"--archive", "file://" + broken, "--keep", "7d"}},
		"clock behind": {5, "clock cannot be trusted", []string{"--archive", "file://" + ahead, "--keep", "7d"}},
		"no store":     {6, "", []string{"--archive", "file:///nowhere/at/all", "--keep", "7d"}},
	} {
		code, out, notes := run(append([]string{"prune"}, c.args...)...)
		if code != c.code || !strings.Contains(notes, c.sentence) || strings.Count(notes, "\n") != 1 || out != "" {
			t.Errorf("%s: exit %d, want %d: %q %q", name, code, c.code, notes, out)
		}
	}
}

func TestAPeriodIsReadInDaysAndWeeks(t *testing.T) {
	for s, want := range map[string]time.Duration{
		"7d": 168 * time.Hour, "36h": 36 * time.Hour, "2w": 336 * time.Hour, "1w1d12h": 204 * time.Hour, "0": 0, "90m": 90 * time.Minute,
		"100000d": 100000 * 24 * time.Hour,
	} {
		if got, err := archive.ParsePeriod(s); err != nil || got != want {
			t.Errorf("%s: %s, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "7", "-1d", "d", "1d2w", "1d-2h", "-3h", "106752d", "99999999999999999999d", "1.5d", "106751d24h"} {
		if got, err := archive.ParsePeriod(s); err == nil {
			t.Errorf("%q is read as %s", s, got)
		}
	}
}
