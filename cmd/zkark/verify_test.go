package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// verify runs zkark verify and gives its exit code, what it printed as JSON, and what it said.
func (l loop) verify(more ...string) (code int, v verified, said string) {
	l.t.Helper()
	cmd := exec.CommandContext(l.t.Context(), l.zkark, append([]string{"verify", "--archive", l.url, "--output=json", "--dir", l.t.TempDir()}, more...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		l.t.Fatal(err)
	}
	if len(out) > 0 {
		l.must(json.Unmarshal(out, &v))
	}
	return cmd.ProcessState.ExitCode(), v, stderr.String()
}

type verified struct {
	Sound    bool
	Objects  int
	Records  int
	Chains   []struct{ Target, Proof string }
	Findings []struct{ Key, Text, Cost string }
}

func TestAVerificationReadsEverythingAndLeavesAReportOnlyWhenAllIsWell(t *testing.T) {
	l := newLoop(t, false)
	l.ship()
	archive := strings.TrimPrefix(l.url, "file://")
	reports := func() int {
		found, err := filepath.Glob(filepath.Join(archive, "drills", "*.json"))
		l.must(err)
		return len(found)
	}
	if code, v, said := l.verify(); code != 0 || !v.Sound || v.Chains != nil || reports() != 0 {
		t.Errorf("by the names: exit %d, %+v %s, and %d reports", code, v, said, reports())
	}
	code, v, said := l.verify("--full")
	if code != 0 || !v.Sound || v.Objects < 2 || v.Records != 3 || v.Chains[0].Target != "0x3" || reports() != 1 {
		t.Errorf("exit %d, %+v %s, and %d reports", code, v, said, reports())
	}
	segments, err := filepath.Glob(filepath.Join(archive, "timelines", "*", "log", "*"))
	l.must(err)
	data, err := os.ReadFile(segments[0])
	l.must(err)
	data[len(data)-20] ^= 1
	l.must(errors.Join(os.Chmod(segments[0], 0o644), os.WriteFile(segments[0], data, 0o644)))
	code, v, said = l.verify("--full")
	if code != 7 || v.Sound || len(v.Findings) != 1 || !strings.HasSuffix(segments[0], v.Findings[0].Key) || reports() != 1 {
		t.Errorf("with a damaged segment: exit %d, %+v %s, and %d reports", code, v, said, reports())
	}
	if code, _, said := l.verify(); code != 0 {
		t.Errorf("names show no damage: exit %d, %s", code, said)
	}
}

func TestAVerificationOfNothingIsExitCode3AndOneWithoutTheKeyExitCode2(t *testing.T) {
	l := newLoop(t, false)
	l.must(os.MkdirAll(strings.TrimPrefix(l.url, "file://"), 0o755))
	if code, _, said := l.verify("--full"); code != 3 {
		t.Errorf("of nothing: exit %d, %s", code, said)
	}
	file, recipient := l.keyFile(0o600)
	l.ship("--encrypt-to", recipient)
	if code, _, said := l.verify("--full"); code != 2 || !strings.Contains(said, "give --identity FILE") {
		t.Errorf("without a key: exit %d, %s", code, said)
	}
	if code, v, said := l.verify("--full", "--identity", file); code != 0 || !v.Sound {
		t.Errorf("with the key: exit %d, %+v %s", code, v, said)
	}
}
