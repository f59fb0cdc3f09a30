package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/zkark/zkark/internal/zookeeper"
)

// testdata/format-1 was written when the format was 1. It stays as it is: whatever zkark writes one day, it reads this.
func TestAnArchiveOfTheFirstFormatIsRestoredForEver(t *testing.T) {
	l := newLoop(t, false)
	l.must(os.RemoveAll(l.data))
	dir := filepath.Join(t.TempDir(), "archive")
	l.must(os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "format-1"))))
	l.url = "file://" + dir
	if code, out, said := l.restore(); code != 0 {
		t.Fatalf("exit %d, %s%s", code, out, said)
	}
	log, err := os.ReadFile(filepath.Join(l.data, zookeeper.VersionDir, "log.1"))
	if err != nil || string(log) != string(l.records(0, 7, false)) {
		t.Errorf("the log is %q, %v", log, err)
	}
}
