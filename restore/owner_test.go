package restore

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestADirectoryThatIsGoneIsMadeAgainButNotOnAVolumeThatIsNotMounted(t *testing.T) {
	w := newWorld(t, 5, 50)
	cfg := w.config(t)
	above := cfg.DataDir
	cfg.DataDir, cfg.LogDir = filepath.Join(above, "data"), filepath.Join(above, "log")
	if _, err := Run(context.Background(), cfg); err != nil {
		t.Fatal(err)
	}
	if got := load(t, cfg).LastZxid(); got != w.last() {
		t.Errorf("restored up to %s, want %s", got, w.last())
	}
	cfg.DataDir = filepath.Join(above, "volume", "data")
	if _, err := Run(context.Background(), cfg); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("below a directory that is not there: %v", err)
	}
	if exists(filepath.Join(above, "volume")) {
		t.Error("the mount point was made")
	}
}
