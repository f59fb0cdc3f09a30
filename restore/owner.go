package restore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/zkark/zkark/internal/zookeeper"
)

// look is whose files they are and who may use them.
type look struct {
	uid, gid  int
	dir, file fs.FileMode
}

// lookOf is that of the directory's version-2, or of the directory itself where there is none. Where that is gone too, as with
// a new disk, the owner is that of the nearest directory above, and the modes are the usual ones.
func lookOf(dir string) (look, error) {
	for _, path := range []string{filepath.Join(dir, zookeeper.VersionDir), dir} {
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return look{}, fmt.Errorf("look at the target: %w", err)
		}
		if !info.IsDir() {
			return look{}, fmt.Errorf("look at the target: %s is not a directory", path)
		}
		return ownedLike(info, info.Mode().Perm()), nil
	}
	above, err := nearest(dir)
	if err != nil {
		return look{}, fmt.Errorf("look at the target: %w", err)
	}
	return ownedLike(above, 0o755), nil
}

func ownedLike(info fs.FileInfo, dir fs.FileMode) look {
	l := look{uid: -1, gid: -1, dir: dir, file: dir &^ 0o111}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		l.uid, l.gid = int(stat.Uid), int(stat.Gid)
	}
	return l
}

// nearest is the closest directory above that exists.
func nearest(dir string) (fs.FileInfo, error) {
	for {
		info, err := os.Stat(dir)
		if !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
			return info, err
		}
		dir = filepath.Dir(dir)
	}
}

// make creates a directory that does not exist, with those above it that do not either.
func (l look) make(dir string) error {
	_, err := os.Stat(dir)
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := l.make(filepath.Dir(dir)); err != nil {
		return err
	}
	if err := os.Mkdir(dir, l.dir); err != nil {
		return err
	}
	return l.set(dir, l.dir)
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

func (l look) set(path string, mode fs.FileMode) error {
	if err := os.Chmod(path, mode); err != nil {
		return err
	}
	if os.Geteuid() != 0 {
		return nil
	}
	return os.Chown(path, l.uid, l.gid)
}
