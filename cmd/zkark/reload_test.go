package main

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestASidecarHeedsAHangupAndGoesOn(t *testing.T) {
	dir := t.TempDir()
	cfg, file := filepath.Join(dir, "zoo.cfg"), filepath.Join(dir, "zkark.yaml")
	for path, text := range map[string]string{
		cfg:  "dataDir=" + dir + "\n",
		file: "archive: file://" + filepath.Join(dir, "archive") + "\nzoo-cfg: " + cfg + "\nlog-level: debug\nsidecar:\n  drain-timeout: 1s\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), binary(t, dir), "sidecar", "--config", file)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() }).Stop()
	lines := bufio.NewScanner(stderr)
	wait := func(want string) {
		t.Helper()
		for lines.Scan() {
			if strings.Contains(lines.Text(), want) {
				return
			}
		}
		t.Fatalf("no %q", want)
	}
	wait("the sidecar heeds SIGHUP")
	for _, want := range []string{"changed=0", "changed=0"} {
		if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		wait(want)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() { // until it has ended
	}
	_ = cmd.Wait() // there is no ZooKeeper, so the exit code is not what is looked at
}
