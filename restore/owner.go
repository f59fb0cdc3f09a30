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

// lookOf is that of the directory's version-2, or of the directory itself where there is none.
func lookOf(dir string) (look, error) {
	info, err := os.Stat(filepath.Join(dir, zookeeper.VersionDir))
	if errors.Is(err, fs.ErrNotExist) {
		info, err = os.Stat(dir)
	}
	if err != nil {
		return look{}, fmt.Errorf("look at the target: %w", err)
	}
	if !info.IsDir() {
		return look{}, fmt.Errorf("look at the target: %s is not a directory", info.Name())
	}
	l := look{uid: -1, gid: -1, dir: info.Mode().Perm(), file: info.Mode().Perm() &^ 0o111}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		l.uid, l.gid = int(stat.Uid), int(stat.Gid)
	}
	return l, nil
}

// makeMissing makes those of the server's two directories that somebody deleted as a whole. A new one gets the look of the
// other, or else that of the directory it is in; that one has to be there: where it is not, a volume is not mounted rather
// than data lost.
func makeMissing(dataDir, logDir string) error {
	for _, dir := range []struct{ path, other string }{{dataDir, logDir}, {logDir, dataDir}} {
		if exists(dir.path) {
			continue
		}
		model := dir.other
		if !exists(model) {
			model = filepath.Dir(dir.path)
		}
		l, err := lookOf(model)
		if err == nil {
			err = errors.Join(os.Mkdir(dir.path, 0o700), l.set(dir.path, l.dir))
		}
		if err != nil {
			return fmt.Errorf("make the directory that is to be restored: %w", err)
		}
	}
	return nil
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
