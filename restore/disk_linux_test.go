package restore

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/zookeeper"
)

// mount gives a test a file system of its own. It takes root, on Linux.
func mount(t *testing.T, at, options string) {
	t.Helper()
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		t.Skip("SKIPPED: a file system of its own takes root on Linux: run the tests as root to have this one")
	}
	if err := syscall.Mount("tmpfs", at, "tmpfs", 0, options); err != nil {
		t.Skipf("SKIPPED: this machine does not let root mount a tmpfs (%v): run the tests where it does", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(at, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
}

// onOwnDisk is a target with old data on a file system of its own.
func onOwnDisk(t *testing.T, w *world, options string) Config {
	t.Helper()
	cfg := w.config(t)
	mount(t, cfg.DataDir, options)
	put(t, cfg)
	return cfg
}

func TestAFullDiskIsNamedAndTheOldDataStays(t *testing.T) {
	w := newWorld(t, 61, 300)
	cfg := onOwnDisk(t, w, "size=1m")
	ballast := make([]byte, 1<<20)
	rand.Read(ballast)
	fill := filepath.Join(cfg.DataDir, "ballast")
	if err := os.WriteFile(fill, ballast, 0o644); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("got %v: the disk is not full", err)
	}
	info, err := os.Stat(fill)
	if err == nil {
		err = os.Truncate(fill, info.Size()-8<<10) // room to begin
	}
	if err != nil {
		t.Fatal(err)
	}
	before := contents(t, cfg.DataDir)
	if _, err := Run(context.Background(), cfg); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("got %v, want no space left", err)
	}
	if diff := cmp.Diff(before, contents(t, cfg.DataDir)); diff != "" {
		t.Error("the target has changed")
	}
	if err := os.Remove(fill); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(context.Background(), cfg); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

func TestAReadOnlyTargetIsNamedAndUntouched(t *testing.T) {
	w := newWorld(t, 62, 30)
	cfg := onOwnDisk(t, w, "size=1m")
	if err := syscall.Mount("", cfg.DataDir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	before := contents(t, cfg.DataDir)
	if _, err := Run(context.Background(), cfg); !errors.Is(err, syscall.EROFS) {
		t.Errorf("got %v, want a read-only file system", err)
	}
	if diff := cmp.Diff(before, contents(t, cfg.DataDir)); diff != "" {
		t.Error("the target has changed")
	}
}

func TestAVersionDirectoryOnAnotherFileSystemIsRefusedBeforeAnythingIsWritten(t *testing.T) {
	w := newWorld(t, 63, 30)
	for name, prepare := range map[string]func(t *testing.T, live string){
		"a mount": func(t *testing.T, live string) {
			if err := os.Mkdir(live, 0o755); err != nil {
				t.Fatal(err)
			}
			mount(t, live, "size=1m")
		},
		"a link": func(t *testing.T, live string) {
			if err := os.Symlink(t.TempDir(), live); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := w.config(t)
			live := filepath.Join(cfg.DataDir, zookeeper.VersionDir)
			prepare(t, live)
			var elsewhere *ElsewhereError
			if _, err := Run(context.Background(), cfg); !errors.As(err, &elsewhere) || elsewhere.Path != live {
				t.Errorf("got %v", err)
			}
			if names, _ := os.ReadDir(cfg.DataDir); len(names) != 1 {
				t.Errorf("%v were written", names)
			}
		})
	}
}

func TestAMountOfTheSameFileSystemIsGivenUpWithoutATrace(t *testing.T) {
	w := newWorld(t, 64, 30)
	cfg := onOwnDisk(t, w, "size=4m")
	live := filepath.Join(cfg.DataDir, zookeeper.VersionDir)
	other := filepath.Join(cfg.DataDir, "elsewhere")
	if err := errors.Join(os.Mkdir(other, 0o755), syscall.Mount(other, live, "", syscall.MS_BIND, "")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Unmount(live, syscall.MNT_DETACH) })
	for range 2 {
		if _, err := Run(context.Background(), cfg); !errors.Is(err, syscall.EBUSY) {
			t.Errorf("got %v, want a busy directory", err)
		}
		if names, _ := os.ReadDir(cfg.DataDir); len(names) != 2 {
			t.Errorf("%v: something stays", names)
		}
	}
}

func TestStagingIsBesideTheTargetWhereverThatIs(t *testing.T) {
	w := newWorld(t, 65, 60)
	cfg := onOwnDisk(t, w, "size=8m")
	cfg.LogDir = t.TempDir() // on another file system than dataDir
	cfg.To = archive.Latest()
	report, err := Run(context.Background(), cfg)
	if err != nil || len(report.Kept) != 1 {
		t.Fatalf("%v, %v", report.Kept, err)
	}
	if got := load(t, cfg).LastZxid(); got != w.last() {
		t.Errorf("restored %s, want %s", got, w.last())
	}
}
