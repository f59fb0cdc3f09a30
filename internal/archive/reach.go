package archive

import (
	"sort"

	"github.com/zkark/zkark/internal/zookeeper"
)

// reach tells from where on each run can be restored, without planning every point: what can be restored of a run follows from
// the bases on it, and from what can be restored of the run that it is linked to.
type reach struct {
	planner
	origins []origin               // of each run
	usable  []bool                 // of each base: whether it lies on one chain from its start to its end
	exact   map[zookeeper.Zxid]int // bases that are consistent on their own, by the state they hold
}

// origin is where the restore points of a run begin.
type origin struct {
	ok    bool
	point zookeeper.Zxid // the oldest of them; the others are all the run's records after it
	base  int            // what it is restored from, as an index, or emptyTree
}

// emptyTree stands for no base.
const emptyTree = -1

func newReach(p planner) reach {
	r := reach{planner: p, origins: make([]origin, len(p.runs)), usable: make([]bool, len(p.Bases)), exact: map[zookeeper.Zxid]int{}}
	for i, b := range p.Bases {
		if b.Start == b.End {
			r.exact[b.Start], r.usable[i] = i, true
		}
		home, ok := r.home(b.End)
		if !ok || !r.linked(b.Start, b.End, home) {
			continue
		}
		r.usable[i] = true
		point := max(b.End, p.runs[home].first)
		if o := r.origins[home]; !o.ok || point < o.point {
			r.origins[home] = origin{true, point, i}
		}
	}
	for i := range p.runs { // a run comes after the one that it is linked to
		r.inherit(i)
	}
	return r
}

// index is the run that holds a record.
func (r *reach) index(z zookeeper.Zxid) (i int, ok bool) {
	i = sort.Search(len(r.runs), func(i int) bool { return r.runs[i].last >= z })
	return i, i < len(r.runs) && r.runs[i].first <= z
}

// home is the run on which a state lies: the one with its record, or the one that begins with the next record of its
// epoch.
func (r *reach) home(state zookeeper.Zxid) (int, bool) {
	i, ok := r.index(state)
	if !ok && i < len(r.runs) {
		ok = r.runs[i].first == state+1 && state.Epoch() == r.runs[i].first.Epoch()
	}
	return i, ok
}

// linked tells whether the state start lies on the chain back from the state end, which is on the i-th run.
func (r *reach) linked(start, end zookeeper.Zxid, i int) bool {
	for ok, upTo := true, end; ok; i, ok = r.index(upTo) {
		run := r.runs[i]
		if (span{after: run.after(), first: run.first, upTo: upTo}).holds(start) {
			return true
		}
		if len(run.prevs) != 1 || run.after() < start {
			return false
		}
		upTo = run.after()
	}
	return false
}

// inherit lets everything in a run be restored when what comes before it can be.
func (r *reach) inherit(i int) {
	run := r.runs[i]
	before := run.after()
	if j, isHeld := r.index(before); isHeld {
		if from := r.origins[j]; from.ok && from.point <= before {
			r.origins[i] = origin{true, run.first, from.base}
		}
		return
	}
	if b, ok := r.exact[before]; ok {
		r.origins[i] = origin{true, run.first, b}
	} else if before == 0 {
		r.origins[i] = origin{true, run.first, emptyTree}
	}
}

func (r *reach) opener(o origin) (b Base, fromEmpty bool) {
	if o.base == emptyTree {
		return Base{}, true
	}
	return r.Bases[o.base], false
}

// after is the state before a run's first record.
func (r run) after() zookeeper.Zxid {
	if len(r.prevs) == 1 {
		return r.prevs[0]
	}
	return r.first - 1
}
