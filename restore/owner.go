package restore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/restore/install"
)

// look is whose files they are and who may use them.
type look struct {
	uid, gid  int
	dir, file fs.FileMode
	label     []byte // of SELinux, nil where there is none
}

// lookOf is that of the directory's version-2, or of the directory itself where there is none.
func lookOf(dir string) (look, error) {
	path := filepath.Join(dir, zookeeper.VersionDir)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		path = dir
		info, err = os.Stat(path)
	}
	if err != nil {
		return look{}, fmt.Errorf("look at the target: %w", err)
	}
	if !info.IsDir() {
		return look{}, fmt.Errorf("look at the target: %s is not a directory", info.Name())
	}
	l := lookIn(info)
	if l.label, err = labelOf(path); err != nil {
		return look{}, fmt.Errorf("read the SELinux label of %s: %w", path, err)
	}
	return l, nil
}

func lookIn(info fs.FileInfo) look {
	l := look{uid: -1, gid: -1, dir: info.Mode().Perm(), file: info.Mode().Perm() &^ 0o111}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		l.uid, l.gid = int(stat.Uid), int(stat.Gid)
	}
	return l
}

// makeMissing creates a directory that is gone, with the owner of the one above it, and writable for nobody else. The one
// above has to be there: where it is gone too, a volume is not mounted, and what was restored would vanish below it.
func makeMissing(dir string) error {
	if exists(dir) {
		return nil
	}
	parent := filepath.Dir(dir)
	info, err := os.Stat(parent)
	if err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	l := lookIn(info)
	l.dir &= 0o755
	return errors.Join(l.set(dir, l.dir), install.SyncDir(parent))
}

// apply gives a directory and the files in it that look. Who is not root keeps its own files, and may: it is the server's
// user then, or the server could not read what it restores anyway.
func (l look) apply(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := l.set(filepath.Join(dir, e.Name()), l.file); err != nil {
			return err
		}
	}
	return l.set(dir, l.dir)
}

// relabel gives a directory and the files in it the label of SELinux.
func (l look) relabel(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := setLabel(filepath.Join(dir, e.Name()), l.label); err != nil {
			return err
		}
	}
	return setLabel(dir, l.label)
}

func (l look) set(path string, mode fs.FileMode) error {
	if err := os.Chmod(path, mode); err != nil {
		return err
	}
	if os.Geteuid() != 0 {
		return nil
	}
	return os.Chown(path, l.uid, l.gid)
}
