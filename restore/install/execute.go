package install

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// PlanFile is the name of the written list, in dataDir, while it is being carried out.
const PlanFile = "zkark-restore.json"

// Execute makes the plan durable in dataDir and carries it out. When it fails half-way, Resume goes on from there; when nothing
// could be changed at all, there is nothing to resume.
func Execute(dataDir string, p Plan) error { return Executor{}.Execute(dataDir, p) }

// Resume finishes the swap that an earlier process left in dataDir. It is not ok when there is none.
func Resume(dataDir string) (p Plan, ok bool, err error) { return Executor{}.Resume(dataDir) }

// Executor carries plans out, and asks Before, unless it is nil, before each change that it makes to the disk: an error ends the
// work there, as a process that dies would. It is for tests of that.
type Executor struct{ Before func(change string) error }

// Execute is like the function.
func (e Executor) Execute(dataDir string, p Plan) error {
	if err := e.write(dataDir, p); err != nil {
		return fmt.Errorf("write the plan of the swap: %w", err)
	}
	return e.finish(dataDir, p)
}

// Resume is like the function.
func (e Executor) Resume(dataDir string) (Plan, bool, error) {
	path := filepath.Join(dataDir, PlanFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Plan{}, false, nil
	}
	if err != nil {
		return Plan{}, false, fmt.Errorf("read the plan of an interrupted swap: %w", err)
	}
	var p Plan
	if err := json.Unmarshal(data, &p); err != nil {
		return Plan{}, false, fmt.Errorf("read the plan of an interrupted swap in %s: %w", path, err)
	}
	return p, true, e.finish(dataDir, p)
}

func (e Executor) finish(dataDir string, p Plan) error {
	for _, s := range p.Steps {
		if err := e.step(s); err != nil {
			err = fmt.Errorf("swap the directories: %s %s: %w", s.Do, s.To, err)
			return errors.Join(err, e.abandon(dataDir, p))
		}
	}
	err := e.change("forget the plan", func() error {
		return errors.Join(os.Remove(filepath.Join(dataDir, PlanFile)), SyncDir(dataDir))
	})
	if err != nil {
		return err
	}
	return e.discard(p.Discard)
}

// abandon forgets a plan of which not even the first step could be begun, as where version-2 is a mount point: it would fail the
// same way for ever, and everything is as it was.
func (e Executor) abandon(dataDir string, p Plan) error {
	first := p.Steps[0]
	staged, err := inodeOf(first.From)
	if err != nil || first.Do == Swap && staged != first.Inode {
		return err
	}
	if there, err := inodeOf(first.To); err != nil || there == first.Inode {
		return err
	}
	if aside, err := inodeOf(first.From + "-aside"); err != nil || aside != 0 {
		return err
	}
	return e.change("abandon the plan", func() error {
		return errors.Join(os.Remove(filepath.Join(dataDir, PlanFile)), SyncDir(dataDir))
	})
}

// discard comes after the plan is forgotten: what a process that dies here leaves behind is out of everybody's way.
func (e Executor) discard(dirs []string) error {
	for _, dir := range dirs {
		if err := e.change("discard", func() error { return os.RemoveAll(dir) }); err != nil {
			return fmt.Errorf("remove the old data: %w", err)
		}
	}
	return nil
}

// write puts the plan under a temporary name first: a plan is there whole or not at all.
func (e Executor) write(dataDir string, p Plan) error {
	data, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(dataDir, PlanFile)
	if err := e.change("write the plan", func() error { return writeSynced(path+".tmp", data) }); err != nil {
		return err
	}
	return e.change("publish the plan", func() error {
		return errors.Join(os.Rename(path+".tmp", path), SyncDir(dataDir))
	})
}

func (e Executor) step(s Step) error {
	switch s.Do {
	case Move:
		return e.move(s)
	case Swap:
		return e.swap(s)
	}
	return fmt.Errorf("unknown step %q: the plan is of another version of zkark", s.Do)
}

func (e Executor) move(s Step) error {
	there, err := inodeOf(s.To)
	if err != nil || there == s.Inode {
		return err
	}
	if there != 0 {
		return errors.New("something else stands there")
	}
	return e.rename(s.From, s.To)
}

// swap exchanges two names in one operation where the system can. Elsewhere it takes three renames by way of a name of its
// own, and finds out on a second run how far the first came.
func (e Executor) swap(s Step) error {
	aside := s.From + "-aside"
	there, err := inodeOf(s.To)
	if err != nil {
		return err
	}
	waiting, err := inodeOf(aside)
	if err != nil {
		return err
	}
	if there != s.Inode && waiting == 0 {
		err := e.change("exchange", func() error { return errors.Join(exchange(s.From, s.To), SyncDir(filepath.Dir(s.To))) })
		if !errors.Is(err, errors.ErrUnsupported) {
			return err
		}
		if err := e.rename(s.To, aside); err != nil {
			return err
		}
		waiting = 1
	}
	if there != s.Inode {
		if err := e.rename(s.From, s.To); err != nil {
			return err
		}
	}
	if waiting != 0 {
		return e.rename(aside, s.From)
	}
	return nil
}

func (e Executor) rename(from, to string) error {
	return e.change("rename", func() error { return errors.Join(os.Rename(from, to), SyncDir(filepath.Dir(to))) })
}

func (e Executor) change(what string, do func() error) error {
	if e.Before != nil {
		if err := e.Before(what); err != nil {
			return err
		}
	}
	return do()
}

// SyncDir makes the names in a directory durable.
func SyncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func writeSynced(path string, data []byte) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}
