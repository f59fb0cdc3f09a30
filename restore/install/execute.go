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

// Execute makes the plan durable in dataDir and carries it out. When it fails half-way, Resume goes on from there.
func Execute(dataDir string, p Plan) error { return executor{}.run(dataDir, p) }

// Resume finishes the swap that an earlier process left in dataDir. It is not ok when there is none.
func Resume(dataDir string) (p Plan, ok bool, err error) { return executor{}.resume(dataDir) }

// executor carries plans out. Tests stop it before each change it makes to the disk.
type executor struct{ before func(change string) error }

func (e executor) run(dataDir string, p Plan) error {
	if err := e.write(dataDir, p); err != nil {
		return fmt.Errorf("write the plan of the swap: %w", err)
	}
	return e.finish(dataDir, p)
}

func (e executor) resume(dataDir string) (Plan, bool, error) {
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

func (e executor) finish(dataDir string, p Plan) error {
	for _, s := range p.Steps {
		if err := e.step(s); err != nil {
			return fmt.Errorf("swap the directories: %s %s: %w", s.Do, s.To, err)
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

// discard comes after the plan is forgotten: what a process that dies here leaves behind is out of everybody's way.
func (e executor) discard(dirs []string) error {
	for _, dir := range dirs {
		if err := e.change("discard", func() error { return os.RemoveAll(dir) }); err != nil {
			return fmt.Errorf("remove the old data: %w", err)
		}
	}
	return nil
}

// write puts the plan under a temporary name first: a plan is there whole or not at all.
func (e executor) write(dataDir string, p Plan) error {
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

func (e executor) step(s Step) error {
	switch s.Do {
	case Move:
		return e.move(s)
	case Swap:
		return e.swap(s)
	}
	return fmt.Errorf("unknown step %q: the plan is of another version of zkark", s.Do)
}

func (e executor) move(s Step) error {
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
func (e executor) swap(s Step) error {
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

func (e executor) rename(from, to string) error {
	return e.change("rename", func() error { return errors.Join(os.Rename(from, to), SyncDir(filepath.Dir(to))) })
}

func (e executor) change(what string, do func() error) error {
	if e.before != nil {
		if err := e.before(what); err != nil {
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
