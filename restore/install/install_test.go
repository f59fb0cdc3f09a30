package install

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

var errKilled = errors.New("killed")

// place is a made-up server: a data directory, and a log directory unless they are one.
type place struct {
	data, log string
}

func newPlace(t *testing.T, separate, withOld bool) place {
	t.Helper()
	p := place{data: t.TempDir()}
	p.log = p.data
	if separate {
		p.log = t.TempDir()
		put(t, filepath.Join(p.log, "staging", "log.1"), "new")
	}
	put(t, filepath.Join(p.data, "staging", "snapshot.0"), "new")
	if withOld {
		put(t, filepath.Join(p.data, "version-2", "snapshot.0"), "old")
		put(t, filepath.Join(p.log, "version-2", "log.1"), "old")
	}
	return p
}

func put(t *testing.T, path, content string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), 0o644)); err != nil {
		t.Fatal(err)
	}
}

func (p place) plan(t *testing.T, keepOld bool) Plan {
	t.Helper()
	dir := func(root string) Dir {
		return Dir{Live: filepath.Join(root, "version-2"), Staged: filepath.Join(root, "staging"), Kept: filepath.Join(root, "version-2.kept")}
	}
	var log *Dir
	if p.log != p.data {
		d := dir(p.log)
		log = &d
	}
	plan, err := MakePlan(7, dir(p.data), log, keepOld)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// content is what the server would find: "old", "new", or "" where there is nothing.
func content(t *testing.T, root, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, "version-2", name))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return string(b)
}

func (p place) check(t *testing.T, separate bool) {
	t.Helper()
	snapshot, log := content(t, p.data, "snapshot.0"), content(t, p.log, "log.1")
	if separate && snapshot != "" && log != "" && snapshot != log {
		t.Errorf("%s snapshot beside %s log", snapshot, log)
	}
	if separate && snapshot == "" && log == "" {
		t.Error("a server would start empty")
	}
}

func TestKilledBeforeAnyChangeTheTargetIsOldOrNewAndTheNextRunFinishes(t *testing.T) {
	for _, separate := range []bool{false, true} {
		for _, withOld := range []bool{false, true} {
			for _, keepOld := range []bool{false, true} {
				t.Run(fmt.Sprintf("separate=%v,old=%v,keep=%v", separate, withOld, keepOld), func(t *testing.T) {
					changes := countChanges(t, separate, withOld, keepOld)
					for kill := range changes {
						killAt(t, kill, newPlace(t, separate, withOld), keepOld)
					}
				})
			}
		}
	}
}

func countChanges(t *testing.T, separate, withOld, keepOld bool) int {
	p, n := newPlace(t, separate, withOld), 0
	e := Executor{Before: func(string) error { n++; return nil }}
	if err := e.Execute(p.data, p.plan(t, keepOld)); err != nil {
		t.Fatal(err)
	}
	return n
}

func killAt(t *testing.T, kill int, p place, keepOld bool) {
	t.Helper()
	separate, withOld := p.log != p.data, content(t, p.data, "snapshot.0") == "old"
	n := 0
	e := Executor{Before: func(string) error {
		if n++; n > kill {
			return errKilled
		}
		return nil
	}}
	plan := p.plan(t, keepOld)
	if err := e.Execute(p.data, plan); !errors.Is(err, errKilled) {
		t.Fatalf("change %d: %v, want to be killed", kill, err)
	}
	if withOld {
		p.check(t, separate)
	}
	if _, resumed, err := Resume(p.data); err != nil {
		t.Fatalf("resumed after change %d: %v", kill, err)
	} else if !resumed && content(t, p.data, "snapshot.0") != "new" {
		if err := Execute(p.data, plan); err != nil { // the plan was not there yet: the second run starts over
			t.Fatal(err)
		}
	}
	if got := content(t, p.data, "snapshot.0"); got != "new" {
		t.Errorf("killed at change %d, then resumed: the server finds %q", kill, got)
	}
	if separate && content(t, p.log, "log.1") != "new" {
		t.Errorf("killed at change %d, then resumed: the log is not the new one", kill)
	}
	if _, err := os.Stat(filepath.Join(p.data, "version-2.kept", "snapshot.0")); withOld && keepOld && err != nil {
		t.Errorf("killed at change %d: the old data is gone: %v", kill, err)
	}
	if _, err := os.Stat(filepath.Join(p.data, PlanFile)); err == nil {
		t.Errorf("killed at change %d, then resumed: the plan is still there", kill)
	}
}

func TestAFileSystemThatCannotExchangeTakesThreeRenamesAndStillResumes(t *testing.T) {
	for stage := range 4 {
		p := newPlace(t, false, true)
		plan := p.plan(t, true)
		s := plan.Steps[0]
		renames := [][2]string{{s.To, s.From + "-aside"}, {s.From, s.To}, {s.From + "-aside", s.From}}
		for _, r := range renames[:stage] {
			if err := os.Rename(r[0], r[1]); err != nil {
				t.Fatal(err)
			}
		}
		if err := Execute(p.data, plan); err != nil {
			t.Fatalf("after %d of 3 renames: %v", stage, err)
		}
		if got := content(t, p.data, "snapshot.0"); got != "new" {
			t.Errorf("after %d of 3 renames the server finds %q", stage, got)
		}
	}
}

func TestAKeptDirectoryIsNeverOverwritten(t *testing.T) {
	p := newPlace(t, false, true)
	put(t, filepath.Join(p.data, "version-2.kept", "snapshot.0"), "older")
	dir := Dir{Live: filepath.Join(p.data, "version-2"), Staged: filepath.Join(p.data, "staging"), Kept: filepath.Join(p.data, "version-2.kept")}
	if _, err := MakePlan(7, dir, nil, true); err == nil {
		t.Fatal("the plan goes over a directory that is there")
	}
}
