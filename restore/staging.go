package restore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/restore/install"
)

// Names beside version-2. None begins with log. or snapshot., which ZooKeeper's purge and its start-up check look for.
const (
	stagingName = zookeeper.VersionDir + ".zkark-staging"
	keptPrefix  = zookeeper.VersionDir + ".zkark-"
	keptLayout  = "20060102T150405.000Z"
)

// staging is where the new data is built, beside the old and so on the same file system.
type staging struct {
	dataDir, logDir string
	look            look
	before          func(step string) error // nil but in tests, which stop a restore before each of its steps
}

func (s staging) step(name string) error {
	if s.before == nil {
		return nil
	}
	return s.before(name)
}

// newStaging starts with empty directories; what an earlier attempt left there goes.
func newStaging(cfg Config) (staging, error) {
	s := staging{dataDir: cfg.DataDir, logDir: cfg.LogDir, before: cfg.before}
	for _, dir := range []string{cfg.DataDir, cfg.LogDir} {
		if err := s.step("make " + dir); err != nil {
			return staging{}, err
		}
		if err := makeMissing(dir); err != nil {
			return staging{}, fmt.Errorf("make the directory that is gone: %w", err)
		}
	}
	var err error
	if s.look, err = lookOf(cfg.DataDir); err != nil {
		return staging{}, err
	}
	for _, dir := range s.dirs() {
		if err := s.movable(filepath.Join(filepath.Dir(dir), zookeeper.VersionDir)); err != nil {
			return staging{}, err
		}
		if err := s.step("stage " + dir); err != nil {
			return staging{}, err
		}
		if err := errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o700)); err != nil {
			s.remove()
			return staging{}, fmt.Errorf("make a staging directory: %w", err)
		}
	}
	return s, nil
}

// ElsewhereError is returned when version-2 is not a plain directory beside which the new one can be built: a rename does not
// reach another file system.
type ElsewhereError struct{ Path, Why string }

// Error says what to do.
func (e *ElsewhereError) Error() string {
	return fmt.Sprintf("%s %s, and a restore swaps it for a directory that it builds beside it: "+
		"let dataDir, or dataLogDir, be the volume itself, with version-2 as a directory in it", e.Path, e.Why)
}

// movable refuses a live directory that cannot change places with another one.
func (s staging) movable(live string) error {
	info, err := os.Lstat(live)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look at the target: %w", err)
	}
	above, err := os.Stat(filepath.Dir(live))
	if err != nil {
		return fmt.Errorf("look at the target: %w", err)
	}
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		return &ElsewhereError{live, "is a symbolic link"}
	case device(info) != device(above):
		return &ElsewhereError{live, "is on another file system than the directory that it is in"}
	}
	return nil
}

func device(info fs.FileInfo) uint64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(stat.Dev)
	}
	return 0
}

func (s staging) separate() bool { return filepath.Clean(s.dataDir) != filepath.Clean(s.logDir) }

func (s staging) data() string { return filepath.Join(s.dataDir, stagingName) }

func (s staging) log() string { return filepath.Join(s.logDir, stagingName) }

func (s staging) dirs() []string {
	if s.separate() {
		return []string{s.data(), s.log()}
	}
	return []string{s.data()}
}

// remove clears away what was not swapped in. A plan of a swap under way keeps it: the next run needs it.
func (s staging) remove() {
	if exists(filepath.Join(s.dataDir, install.PlanFile)) || s.step("clear the staging") != nil {
		return
	}
	for _, dir := range s.dirs() {
		os.RemoveAll(dir) // what stays is cleared by the next run
	}
}

// seal gives the staged directories their epoch files, owner and modes, and makes everything durable. In a quorum both
// epoch files carry at least the epoch of the last transaction: with none a server would compute the same, with one it refuses
// to start (ZooKeeper QuorumPeer.loadDataBase).
func (s staging) seal(epoch uint32, quorum bool) error {
	if quorum {
		for _, name := range []string{"currentEpoch", "acceptedEpoch"} {
			if err := s.step("write " + name); err != nil {
				return err
			}
			if err := s.writeEpoch(name, epoch); err != nil {
				return fmt.Errorf("write %s: %w", name, err)
			}
		}
	}
	for _, dir := range s.dirs() {
		if err := s.step("seal " + dir); err != nil {
			return err
		}
		if err := s.look.apply(dir); err != nil {
			return fmt.Errorf("set owner and modes: %w", err)
		}
		if err := install.SyncDir(dir); err != nil {
			return fmt.Errorf("make the staged data durable: %w", err)
		}
	}
	return nil
}

// label gives what is staged the SELinux label of the old data, and says where it may not. That is no reason to leave a server without
// its data: the label that files get from dataDir is mostly right, and one command of an administrator sets it otherwise.
func (s staging) label() (warnings []string) {
	for _, dir := range s.dirs() {
		if err := s.look.relabel(dir); err != nil {
			final := filepath.Join(filepath.Dir(dir), zookeeper.VersionDir)
			warnings = append(warnings, fmt.Sprintf("%s does not get the SELinux label that it had, %s (%v): if the server may not read it, run chcon -R %[2]s %[1]s",
				final, strings.TrimRight(string(s.look.label), "\x00"), err))
		}
	}
	return warnings
}

// writeEpoch writes decimal digits without a newline, as ZooKeeper does.
func (s staging) writeEpoch(name string, epoch uint32) error {
	f, err := os.Create(filepath.Join(s.data(), name))
	if err != nil {
		return err
	}
	_, err = f.WriteString(strconv.FormatUint(uint64(epoch), 10))
	return errors.Join(err, f.Sync(), f.Close())
}

// swap puts the staged directories in place and returns where the old ones are now.
func (s staging) swap(target zookeeper.Zxid, cfg Config) ([]string, error) {
	stamp := cfg.Now().UTC().Format(keptLayout)
	data := swapped(s.dataDir, stamp)
	var log *install.Dir
	if s.separate() {
		d := swapped(s.logDir, stamp)
		log = &d
	}
	plan, err := install.MakePlan(target, data, log, cfg.KeepOld)
	if err != nil {
		return nil, err
	}
	if err := (install.Executor{Before: s.before}).Execute(s.dataDir, plan); err != nil {
		return nil, err
	}
	return kept(data, log), nil
}

func swapped(root, stamp string) install.Dir {
	return install.Dir{
		Live:   filepath.Join(root, zookeeper.VersionDir),
		Staged: filepath.Join(root, stagingName),
		Kept:   filepath.Join(root, keptPrefix+stamp),
	}
}

func kept(data install.Dir, log *install.Dir) []string {
	var kept []string
	if exists(data.Kept) {
		kept = append(kept, data.Kept)
	}
	if log != nil && exists(log.Kept) {
		kept = append(kept, log.Kept)
	}
	return kept
}
