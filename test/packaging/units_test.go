// Package packaging holds what deploy/systemd and deploy/packages promise to the tools that read them.
package packaging

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const unitDir = "../../deploy/systemd"

// need finds a tool, or skips and says how to get it.
func need(t *testing.T, tool, advice string) string {
	t.Helper()
	path, err := exec.LookPath(tool)
	if err != nil {
		t.Skipf("SKIPPED: needs %s: %s", tool, advice)
	}
	return path
}

// installed copies the units to a directory as they are on a machine, but for the binary, which is not there.
func installed(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(unitDir)); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.service"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no units: %v", err)
	}
	drop, _ := filepath.Glob(filepath.Join(dir, "*.d", "*.conf"))
	for _, file := range append(files, drop...) {
		text := read(t, file)
		write(t, file, strings.ReplaceAll(text, "/usr/bin/zkark", "/bin/true"))
	}
	write(t, filepath.Join(dir, "zookeeper.service"), "[Service]\nExecStart=/bin/true\n")
	return dir
}

func read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestSystemdFindsNothingWrongWithTheUnits(t *testing.T) {
	analyze := need(t, "systemd-analyze", "apt-get install systemd")
	dir := installed(t)
	cmd := exec.Command(analyze, "verify", "--man=no", "./zkark.service", "./zkark-prune.timer", "./zkark-prune.service",
		"./zkark-drill.timer", "./zkark-drill.service", "./zkark-verify.timer", "./zkark-verify.service", "./zookeeper.service")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "SYSTEMD_UNIT_PATH="+dir+":")
	said, err := cmd.CombinedOutput()
	if err != nil || len(said) > 0 {
		t.Errorf("systemd-analyze verify: %v\n%s", err, said)
	}
}

// The threshold is systemd's own scale, in tenths: 0 for nothing exposed, 100 for everything. Above 20 it is no more "OK" by a margin.
func TestSystemdFindsTheUnitsHardened(t *testing.T) {
	analyze := need(t, "systemd-analyze", "apt-get install systemd")
	dir := installed(t)
	for _, unit := range []string{"zkark.service", "zkark-prune.service", "zkark-drill.service", "zkark-verify.service"} {
		cmd := exec.Command(analyze, "security", "--offline=true", "--threshold=20", "./"+unit)
		cmd.Dir = dir
		if said, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", unit, err, said)
		}
	}
}

// The order of units is the only thing that makes the sidecar outlive the server that it drains.
func TestTheSidecarStartsBeforeZooKeeperAndStopsAfterIt(t *testing.T) {
	if !strings.Contains(read(t, filepath.Join(unitDir, "zkark.service")), "\nBefore=zookeeper.service\n") {
		t.Error("zkark.service is not ordered before zookeeper.service")
	}
	if !strings.Contains(read(t, filepath.Join(unitDir, "zookeeper.service.d", "zkark.conf")), "\nAfter=zkark.service\n") {
		t.Error("the drop-in does not order zookeeper.service after zkark.service")
	}
}
