package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zkark/zkark/test/zkserver"
)

func TestARestoreOverARunningServerIsRefusedAndChangesNothing(t *testing.T) {
	r := newRig(t, zkserver.Require(t), zkserver.Options{})
	r.startSidecar()
	r.write("/ark", 50)
	r.waitArchived()
	before := r.znodes()
	_, err := r.zkark.Restore(r.ctx)
	if exitCode(err) != 5 || !strings.Contains(err.Error(), r.server.Addr()) {
		t.Errorf("want exit code 5 and the server's address, got %v", err)
	}
	r.expectSame(before)
}

func TestARestoreThatWouldLoseTransactionsIsRefused(t *testing.T) {
	r := newRig(t, zkserver.Require(t), zkserver.Options{})
	sidecar := r.startSidecar()
	r.waitArchived()
	r.must(sidecar.Stop())
	r.write("/ark", 50)
	before := r.znodes()
	r.must(r.server.Kill())
	if _, err := r.zkark.Restore(r.ctx); exitCode(err) != 5 {
		t.Errorf("want exit code 5, got %v", err)
	}
	r.boot()
	r.expectSame(before)
}

func TestBadInputGetsASentenceWithThePathAndItsExitCode(t *testing.T) {
	r := newRig(t, zkserver.Require(t), zkserver.Options{})
	r.write("/ark", 20)
	r.must(r.server.Kill())
	logFile := filepath.Join(r.server.LogDir(), "version-2", "log.1")
	log, err := os.ReadFile(logFile)
	r.must(err)
	dir := t.TempDir()
	files := map[string][]byte{"empty": nil, "foreign": []byte("#!/bin/sh\necho this is no log\n"), "cut.log": log[:9]}
	for name, content := range files {
		r.must(os.WriteFile(filepath.Join(dir, name), content, 0o644))
	}
	missing := filepath.Join(dir, "missing")
	archive := "file://" + r.zkark.Archive
	cases := []struct {
		name, path string
		code       int
		args       []string
	}{
		{"inspect a missing file", missing, 1, []string{"inspect", missing}},
		{"inspect an empty file", "empty", 1, []string{"inspect", filepath.Join(dir, "empty")}},
		{"inspect a foreign file", "foreign", 1, []string{"inspect", filepath.Join(dir, "foreign")}},
		{"inspect a cut file", "cut.log", 1, []string{"inspect", filepath.Join(dir, "cut.log")}},
		{"inspect a directory", dir, 1, []string{"inspect", dir}},
		{"restore without a configuration", missing, 2, []string{"restore", "--zoo-cfg", missing, "--archive", archive}},
		{"sidecar without a configuration", missing, 2, []string{"sidecar", "--zoo-cfg", missing, "--archive", archive}},
		{"restore from an empty archive", "archive", 3, []string{"restore", "--zoo-cfg", r.zkark.ZooCfg, "--archive", archive}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := r.zkark.Run(r.ctx, c.args...)
			if exitCode(err) != c.code || !strings.Contains(err.Error(), c.path) {
				t.Errorf("want exit code %d and a sentence that names %s, got %v", c.code, c.path, err)
			}
		})
	}
}
