package archive

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/zkark/zkark/internal/zookeeper"
)

// ErrClock is wrapped when the time that retention is counted from contradicts the archive.
var ErrClock = errors.New("the clock cannot be trusted")

// clockSlack is how much the host's clock may be behind the store's. Windows are hours and days, so it does not matter.
const clockSlack = 5 * time.Minute

// Retention says how long restore points are kept. Ages are counted from when an object was stored, by the store's clock: leaders'
// clocks, which are in the names, can be wrong, and a record is never younger than its object.
type Retention struct {
	Keep      time.Duration // every point that was archived in this time stays; above 0
	KeepDaily time.Duration // one point a day stays for this long; 0 for none
	Grace     time.Duration // how long a segment stays beside a larger one that holds its records, for who reads it just now
}

// Mark tells that the records up to Floor were removed on purpose, but for those of daily points. Without it a server that
// still has them would archive them again.
type Mark struct {
	Floor zookeeper.Zxid
	Size  int64 // bytes of the object, from the listing
}

// Reason is why an object may be removed.
type Reason string

// The reasons that there are.
const (
	Aged       Reason = "older than what is kept"
	Subsumed   Reason = "a larger segment holds its records"
	Superseded Reason = "a newer mark of pruning is there"
)

// Expired is an object that may be removed.
type Expired struct {
	Key  string // below the timeline
	Size int64
	Why  Reason
}

// Daily is a point that is kept for its day.
type Daily struct {
	Base Base           // the one of the day
	At   zookeeper.Zxid // where a restore to it ends: at the Base's End, or where no record has that zxid, before it
	plan Plan
}

// Expiry is what may be removed from an archive, and what is kept.
type Expiry struct {
	// Remove is in the order in which to remove: the oldest first. However far a removal gets, every kept point stays
	// restorable.
	Remove []Expired

	// Every point of the chain from the one of From.End on stays restorable, if Windowed. Otherwise no object is removed for its
	// age, because no base is old enough to start the window from.
	From     Base
	Windowed bool

	// Reports are those that newer ones have replaced. Pruner finds them: a catalog has none.
	Reports []ReportRef

	Dailies   []Daily // the newest first
	Kept      int     // segments and bases that stay
	KeptBytes int64

	// Floor is for the mark that has to be put before the first object is removed; 0 for none.
	Floor zookeeper.Zxid

	Notes []string // sentences that a person should read
}

// Expendable finds what may be removed by now. It fails with ErrClock when now is before the newest object, and as MakePlan does
// when there is no way to the latest point: then nothing may be removed.
//
// It does not notice a clock that is ahead: that looks like a cluster without writes. Who removes something has to ask the store.
func Expendable(c Catalog, r Retention, now time.Time) (Expiry, error) {
	if r.Keep <= 0 || r.KeepDaily < 0 || r.Grace < 0 {
		return Expiry{}, fmt.Errorf("retention %+v: want a window above 0, and nothing below 0", r)
	}
	p, err := newPlanner(c)
	if err == nil {
		_, err = p.plan(Latest())
	}
	if err != nil {
		return Expiry{}, fmt.Errorf("nothing may be removed: %w", err)
	}
	k := keeper{planner: p, Retention: r, now: now}
	if err := k.checkClock(); err != nil {
		return Expiry{}, err
	}
	k.window()
	k.dailies()
	k.removeAged()
	k.removeSubsumed()
	k.count()
	return k.Expiry, nil
}

// keeper collects an Expiry.
type keeper struct {
	planner
	Retention
	now time.Time
	Expiry
	gone []bool // segments, in their order, that are removed for their age
}

// within tells whether an object was stored in the last d. One whose time is not known counts as new.
func (k *keeper) within(d time.Duration, stored time.Time) bool {
	return stored.IsZero() || k.now.Sub(stored) <= d
}

func (k *keeper) checkClock() error {
	var newest time.Time
	for _, s := range k.Segments {
		newest = latest(newest, s.Modified)
	}
	for _, b := range k.Bases {
		newest = latest(newest, b.Modified)
	}
	if k.now.Before(newest.Add(-clockSlack)) {
		return fmt.Errorf("nothing may be removed: %w: it is %s here, and the newest object was stored at %s", ErrClock,
			k.now.UTC().Format(time.RFC3339), newest.UTC().Format(time.RFC3339))
	}
	if idle := k.now.Sub(newest); idle > 24*time.Hour && !newest.IsZero() {
		k.note("the newest object is %d days old: the cluster has no writes, its sidecars do not run, or the clock here is ahead", idle/(24*time.Hour))
	}
	return nil
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func (k *keeper) note(format string, args ...any) {
	k.Notes = append(k.Notes, fmt.Sprintf(format, args...))
}

// window finds the base that the window starts from: the newest that is consistent before the first record of a segment that
// was stored in it. What the chain does not reach cannot be judged, so a new segment there keeps everything.
func (k *keeper) window() {
	before := k.newest
	for _, s := range k.Segments {
		if !k.within(k.Keep, s.Modified) {
			continue
		}
		if s.Last < k.reach() {
			k.note("nothing is removed for its age: segment %s–%s was stored within the window, and nothing proves what became of it", s.First, s.Last)
			return
		}
		if on, ok := k.spanOf(s); ok {
			before = min(before, on.before(s.First))
		}
	}
	k.From, k.Windowed = k.baseOn(k.chain, before)
	if !k.Windowed {
		k.note("nothing is removed for its age: the chain holds no base from before the window")
	}
	if k.broken != nil {
		k.note("nothing older can be judged: %v", k.broken)
	}
}

// reach is the oldest record of the chain.
func (k *keeper) reach() zookeeper.Zxid { return k.chain[len(k.chain)-1].first }

// spanOf finds the part of the chain that a segment holds records of.
func (k *keeper) spanOf(s Segment) (span, bool) {
	i, _ := slices.BinarySearchFunc(k.chain, s.Last, func(sp span, z zookeeper.Zxid) int { return cmp.Compare(z, sp.first) })
	if i == len(k.chain) || s.First > k.chain[i].upTo {
		return span{}, false
	}
	return k.chain[i], true
}

// before is the state in front of a record of the span.
func (s span) before(z zookeeper.Zxid) zookeeper.Zxid {
	if z <= s.first {
		return s.after
	}
	return z - 1
}

// dailies picks the newest base of each day, in UTC. What day it was both the server's and the store's clock say, and each says
// it for itself: an archive that was copied has all its objects from one day of the store, and a server can have a clock that
// stands still. Below the reach of the chain nothing tells the dead bases from the others, so they are all kept.
func (k *keeper) dailies() {
	if !k.Windowed || k.KeepDaily == 0 {
		return
	}
	taken := map[string]bool{}
	for _, b := range slices.Backward(k.Bases) {
		if b.Start >= k.From.Start || !k.within(k.KeepDaily, b.Modified) {
			continue
		}
		day, stored := b.Time.UTC().Format(time.DateOnly), "stored "+b.Modified.UTC().Format(time.DateOnly)
		reached := b.Start >= k.chain[len(k.chain)-1].after
		if reached && (taken[day] && taken[stored] || !onChain(k.chain, b.Start) || !onChain(k.chain, b.End)) {
			continue
		}
		plan, err := k.plan(AtZxid(b.End))
		if err != nil {
			continue
		}
		taken[day], taken[stored] = true, true
		k.Dailies = append(k.Dailies, Daily{Base: b, At: plan.Target, plan: plan})
	}
	k.distrust()
}

// distrust keeps everything when servers disagree on what comes before a record, and a point before it is to be kept: while their
// segments are removed one by one, there would be a time when only the wrong one is left.
func (k *keeper) distrust() {
	var diverged *DivergedError
	if !errors.As(k.broken, &diverged) {
		return
	}
	for _, d := range k.Dailies {
		if d.At < diverged.At {
			k.From, k.Windowed, k.Dailies = Base{}, false, nil
			k.note("nothing is removed for its age before the disagreement is older than all that is kept")
			return
		}
	}
}

// removeAged lists what the window and the daily points do not need: all that ends before the base that the window starts
// from.
func (k *keeper) removeAged() {
	k.gone = make([]bool, len(k.Segments))
	if !k.Windowed {
		return
	}
	type aged struct {
		Expired
		last zookeeper.Zxid
	}
	var all []aged
	for i, s := range k.Segments {
		if s.Last <= k.From.Start && !k.within(k.Keep, s.Modified) && !k.daily(s) {
			k.gone[i] = true
			all = append(all, aged{Expired{s.Key(), s.Size, Aged}, s.Last})
		}
	}
	for _, b := range k.Bases {
		if b.Start < k.From.Start && !k.within(k.Keep, b.Modified) && !k.dailyBase(b) {
			all = append(all, aged{Expired{b.Key(), b.Size, Aged}, b.Start})
		}
	}
	slices.SortStableFunc(all, func(a, b aged) int { return cmp.Compare(a.last, b.last) })
	for _, a := range all {
		k.Remove = append(k.Remove, a.Expired)
	}
	if len(all) > 0 && k.From.Start > k.Catalog.Floor() {
		k.Expiry.Floor = k.From.Start
	}
}

// daily tells whether a segment holds records between the base of a daily point and the point. Also those that the plan does
// not read stay: their names can be what proves the way.
func (k *keeper) daily(s Segment) bool {
	for _, d := range k.Dailies {
		if s.Last > d.plan.Base.Start && s.First <= d.At {
			return true
		}
	}
	return false
}

func (k *keeper) dailyBase(b Base) bool {
	for _, d := range k.Dailies {
		if d.Base == b || d.plan.Base == b {
			return true
		}
	}
	return false
}

func (k *keeper) count() {
	for _, s := range k.Segments {
		k.Kept, k.KeptBytes = k.Kept+1, k.KeptBytes+s.Size
	}
	for _, b := range k.Bases {
		k.Kept, k.KeptBytes = k.Kept+1, k.KeptBytes+b.Size
	}
	for _, e := range k.Remove {
		k.Kept, k.KeptBytes = k.Kept-1, k.KeptBytes-e.Size
	}
	floor := max(k.Catalog.Floor(), k.Expiry.Floor)
	for _, m := range k.Marks {
		if m.Floor < floor {
			k.Remove = append(k.Remove, Expired{m.Key(), m.Size, Superseded})
		}
	}
}
