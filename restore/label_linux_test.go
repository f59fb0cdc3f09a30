package restore

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/zkark/zkark/internal/zookeeper"
)

func TestTheRestoredFilesHaveTheSELinuxLabelOfTheOldOnes(t *testing.T) {
	w := newWorld(t, 3, 50)
	cfg := w.config(t)
	old := filepath.Join(cfg.DataDir, zookeeper.VersionDir)
	if err := os.Mkdir(old, 0o750); err != nil {
		t.Fatal(err)
	}
	const label = "system_u:object_r:zookeeper_var_lib_t:s0\x00"
	if err := unix.Lsetxattr(old, labelName, []byte(label), 0); err != nil {
		t.Skipf("needs a file system and a user that may label files, such as root on ext4: %v", err)
	}
	if _, err := Run(context.Background(), cfg); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(old)
	if err != nil || len(entries) == 0 {
		t.Fatalf("restored %d files, %v", len(entries), err)
	}
	paths := []string{old}
	for _, e := range entries {
		paths = append(paths, filepath.Join(old, e.Name()))
	}
	for _, path := range paths {
		if got, err := labelOf(path); string(got) != label || err != nil {
			t.Errorf("%s has the label %q, %v", path, got, err)
		}
	}
}

func TestALabelThatCannotBeSetIsAWarningWithTheCommandThatSetsIt(t *testing.T) {
	dir := t.TempDir()
	s := staging{dataDir: dir, logDir: dir, look: look{label: []byte("system_u:object_r:var_lib_t:s0\x00")}}
	warnings := s.label() // nothing is staged, so nothing can be labelled
	if len(warnings) != 1 || !strings.Contains(warnings[0], "chcon -R system_u:object_r:var_lib_t:s0 "+filepath.Join(dir, zookeeper.VersionDir)) {
		t.Errorf("warnings %q", warnings)
	}
}

func TestFilesWithoutALabelGetNone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "snapshot.0")
	if err := errors.Join(os.WriteFile(file, nil, 0o600), setLabel(file, nil)); err != nil {
		t.Fatal(err)
	}
	if label, err := labelOf(file); len(label) != 0 && err == nil {
		t.Skipf("needs a machine without SELinux: it labels files by itself, %q", label)
	} else if err != nil {
		t.Error(err)
	}
}
