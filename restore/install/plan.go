package install

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/zkark/zkark/internal/zookeeper"
)

// Dir is one directory to swap in. All three paths are on one file system.
type Dir struct {
	Live   string // the name that the server uses; need not exist
	Staged string // the proven directory
	Kept   string // the name under which the old one stays; must not exist
}

// Plan is what a swap will do.
type Plan struct {
	Target  zookeeper.Zxid `json:"target"` // what was restored
	Steps   []Step         `json:"steps"`
	Discard []string       `json:"discard,omitempty"` // old directories that go once the swap is done and forgotten
}

// Step changes names, nothing else.
type Step struct {
	Do   Action `json:"do"`
	From string `json:"from,omitempty"`
	To   string `json:"to"`
	// Inode is of what stands at To when the step is done.
	Inode uint64 `json:"inode,omitempty"`
}

// Action is what a step does.
type Action string

// The actions.
const (
	Move Action = "move" // From becomes To, which must not exist
	Swap Action = "swap" // From and To change places, at once where the file system can
)

// MakePlan lists the steps that put data in place, and log where dataLogDir is separate (nil otherwise). Unless keepOld,
// the old directories are removed when all is done.
func MakePlan(target zookeeper.Zxid, data Dir, log *Dir, keepOld bool) (Plan, error) {
	var p planner
	if log == nil {
		p.exchange(data)
	} else {
		p.setAside(data)
		p.exchange(*log)
		p.move(data.Staged, data.Live, p.inode(data.Staged))
	}
	plan := Plan{Target: target, Steps: p.steps}
	if !keepOld {
		plan.Discard = p.old
	}
	return plan, p.err
}

type planner struct {
	steps []Step
	old   []string // where old directories will stand
	err   error
}

// exchange puts the staged directory in place and the old one, if there is one, aside.
func (p *planner) exchange(d Dir) {
	old, staged := p.inode(d.Live), p.inode(d.Staged)
	if old == 0 {
		p.move(d.Staged, d.Live, staged)
		return
	}
	p.steps = append(p.steps, Step{Do: Swap, From: d.Staged, To: d.Live, Inode: staged})
	p.move(d.Staged, d.Kept, old)
	p.keep(d)
}

func (p *planner) setAside(d Dir) {
	if old := p.inode(d.Live); old != 0 {
		p.move(d.Live, d.Kept, old)
		p.keep(d)
	}
}

func (p *planner) keep(d Dir) {
	p.old = append(p.old, d.Kept)
	if p.inode(d.Kept) != 0 && p.err == nil {
		p.err = fmt.Errorf("plan the swap: %s exists already", d.Kept)
	}
}

func (p *planner) move(from, to string, inode uint64) {
	p.steps = append(p.steps, Step{Do: Move, From: from, To: to, Inode: inode})
}

func (p *planner) inode(path string) uint64 {
	inode, err := inodeOf(path)
	if err != nil && p.err == nil {
		p.err = err
	}
	return inode
}

// inodeOf is 0 when there is nothing at path. A rename keeps the number, so it tells which directory stands under a name.
func inodeOf(path string) (uint64, error) {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("plan the swap: %w", err)
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, fmt.Errorf("plan the swap: %s: this system has no inode numbers", path)
	}
	return stat.Ino, nil
}
