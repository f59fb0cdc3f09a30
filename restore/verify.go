package restore

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/store"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/snapshot"
	"github.com/zkark/zkark/internal/zookeeper/tree"
)

// Verified is what reading a whole timeline of an archive has shown.
type Verified struct {
	Cluster  string `json:"cluster"`
	Timeline int    `json:"timeline"`

	Objects int   `json:"objects"` // that were read
	Bytes   int64 `json:"bytes"`   // of them
	Records int64 `json:"records"` // replayed
	Digests int64 `json:"digests"` // recorded by ZooKeeper and found right

	Chains   []Chain   `json:"chains"`   // newest first
	Findings []Finding `json:"findings"` // what is wrong with objects
}

// Chain is a base, or the empty tree, and the segments from there to a point, restored in a sandbox.
type Chain struct {
	From   zookeeper.Zxid `json:"from"` // of the base
	Target zookeeper.Zxid `json:"target"`
	Proof  string         `json:"proof"` // a sentence; "" where the point could not be restored
	// Digests that ZooKeeper recorded were found right. Where it is 0 nothing but checksums and counters proves the base.
	Digests int64 `json:"digests"`
}

// Finding is an object that is not what its name says, or that is not there, or a point that does not come back.
type Finding struct {
	Key  string `json:"key,omitempty"` // of the object, below the archive's prefix; "" where it is not one alone
	Text string `json:"text"`          // a sentence
	Cost string `json:"cost"`          // what it costs, a clause

	free bool // no point is lost by it, as far as is known yet
}

// Verify reads every object of a timeline. It restores, in cfg.DataDir, a directory of the caller's that is empty, from each base up to where the
// next one takes over, with the same proof as Run; what no restore would read it reads and checks alone. What is wrong with objects it
// goes on after, and tells; its errors are those of the store, of the disk and of keys. Of cfg only Bucket, Timeline, DataDir, Now, Observe
// and Identities count.
func Verify(ctx context.Context, cfg Config) (Verified, error) {
	a, err := open(ctx, cfg.Bucket, cfg.Timeline)
	if err != nil {
		return Verified{}, err
	}
	if _, ok := a.catalog.Newest(); !ok {
		return Verified{}, archive.ErrEmpty
	}
	cfg.LogDir, cfg.Quorum, cfg.KeepOld = cfg.DataDir, true, false
	if cfg.Observe == nil {
		cfg.Observe = unobserved{}
	}
	cfg.Observe = oneAtATime{cfg.Observe, new(sync.Mutex)}
	v := verification{opened: a, cfg: cfg, read: map[string]bool{}, told: map[string]int{}, needed: map[string]bool{}, report: Verified{
		Cluster: a.id.Cluster, Timeline: a.timeline, Chains: []Chain{}, Findings: []Finding{},
	}}
	var proven []archive.Plan
	for _, plan := range archive.Proofs(a.catalog) {
		way, err := v.prove(ctx, plan)
		if err != nil {
			return v.report, err
		}
		proven = append(proven, way...)
	}
	segments, bases := archive.Unplanned(a.catalog, proven)
	err = v.checkAll(ctx, segments, bases)
	return v.report, err
}

type verification struct {
	opened
	cfg    Config
	report Verified
	read   map[string]bool // keys
	told   map[string]int  // where in the report, by keys, or texts without one
	needed map[string]bool // keys of objects that a point needs which did not come back
	newer  archive.Base    // that the last restore began with
	atEnd  tree.Digests    // of it where it is consistent
}

// prove restores by a plan, and returns the way that it took: none where the point did not come back.
func (v *verification) prove(ctx context.Context, plan archive.Plan) ([]archive.Plan, error) {
	report := Report{Cluster: v.id.Cluster, Timeline: v.timeline, Plan: plan}
	a := v.opened // without the newer bases, which a detour to the same point would begin with
	a.catalog.Bases = slices.Clone(archive.Older(v.catalog.Bases, plan.Base))
	if !plan.FromEmpty {
		a.catalog.Bases = append(a.catalog.Bases, plan.Base)
	}
	err := a.rebuild(ctx, v.cfg, &report)
	way := report.Plan
	lost := fmt.Sprintf("not all points from %s to %s can be restored", way.Base.End, way.Target)
	for i, key := range report.Avoided {
		f := Finding{Key: v.whole(key), Text: way.Warnings[len(plan.Warnings)+i], Cost: lost}
		if err == nil {
			f.Cost, f.free = "nothing: the same points can be restored in another way", true
		}
		v.tell(f)
	}
	chain := Chain{From: way.Base.Start, Target: way.Target}
	if err != nil {
		v.report.Chains = append(v.report.Chains, chain)
		for _, o := range v.objects(way) {
			v.needed[o.key] = true
		}
		return nil, v.objection(ctx, err, Finding{Cost: lost})
	}
	chain.Proof, chain.Digests = report.Proof.String(), report.Proof.Right
	v.report.Chains = append(v.report.Chains, chain)
	v.report.Records, v.report.Digests = v.report.Records+report.Proof.Applied, v.report.Digests+report.Proof.Right
	for _, o := range v.objects(way) {
		v.count(o)
	}
	v.compare(report)
	return []archive.Plan{way}, nil
}

// compare holds the newer base against the state to which the log leads from an older one. Where no digest was recorded the log proves
// less than the base.
func (v *verification) compare(report Report) {
	way := report.Plan
	if way.Target == v.newer.End && report.Proof.Right > 0 && report.atTarget != v.atEnd {
		v.tell(Finding{
			Key:  v.key(v.newer.Key()),
			Text: fmt.Sprintf("base %s is another tree at %s than the one that the log leads to from base %s, by the digests on the way", v.newer.Start, way.Target, way.Base.Start),
			Cost: fmt.Sprintf("points from %s on come back wrong that begin with it", way.Target),
		})
	}
	v.newer, v.atEnd = way.Base, report.atEnd
}

func (v *verification) objects(plan archive.Plan) []object {
	return builder{archive: v.opened}.objects(plan)
}

// count counts each object once, however often it was read.
func (v *verification) count(o object) {
	if !v.read[o.key] {
		v.read[o.key] = true
		v.report.Objects, v.report.Bytes = v.report.Objects+1, v.report.Bytes+o.size
	}
}

// objection makes a finding, of which the cost is known, of an error that tells of objects, and returns any other.
func (v *verification) objection(ctx context.Context, err error, f Finding) error {
	var damaged *DamagedError
	var missing *MissingError
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &damaged):
		f.Key = v.whole(damaged.Key)
	case errors.As(err, &missing):
		f.Key = v.whole(missing.Key)
	case !errors.Is(err, ErrNotProven):
		return err
	}
	f.Text = err.Error()
	v.tell(f)
	return nil
}

// cost begins the finding that an object, which was read alone, is not what it should be.
func (v *verification) cost(key string) Finding {
	if v.needed[key] {
		return Finding{Cost: "it is needed for points that cannot be restored"}
	}
	return Finding{Cost: "nothing: no restore needs it", free: true}
}

// whole is a key with that of its timeline before it, where it lacks that.
func (v *verification) whole(key string) string {
	if strings.HasPrefix(key, archive.TimelinesPrefix) {
		return key
	}
	return v.key(key)
}

// tell tells of each object once: several plans read the same one. What costs one plan nothing can cost another its points, and that counts.
func (v *verification) tell(f Finding) {
	about := cmp.Or(f.Key, f.Text)
	switch i, told := v.told[about]; {
	case !told:
		v.told[about] = len(v.report.Findings)
		v.report.Findings = append(v.report.Findings, f)
	case v.report.Findings[i].free && !f.free:
		v.report.Findings[i] = f
	}
}

// checkAll reads objects that no restore has read, or none that went well.
func (v *verification) checkAll(ctx context.Context, segments []archive.Segment, bases []archive.Base) error {
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(connections)
	check := func(o object, read func(b builder) error) {
		group.Go(func() error {
			err := read(builder{archive: v.opened, observe: v.cfg.Observe, identities: v.cfg.Identities})
			mu.Lock()
			defer mu.Unlock()
			if errors.Is(err, store.ErrNotFound) {
				return nil // pruned or compacted away meanwhile, as what nobody needs is
			}
			v.count(o)
			return v.objection(ctx, err, v.cost(o.key))
		})
	}
	for _, s := range segments {
		o := object{v.key(s.Key()), s.Hash, s.Size}
		check(o, func(b builder) error { return b.checkSegment(ctx, s) })
	}
	for _, base := range bases {
		o := object{v.key(base.Key()), base.Hash, base.Size}
		check(o, func(b builder) error { return b.checkBase(ctx, o, base) })
	}
	return group.Wait()
}

// checkSegment finds each zxid that a segment's name promises, and no other.
func (b builder) checkSegment(ctx context.Context, s archive.Segment) error {
	next := s.First
	all := archive.Piece{Segment: s, UpTo: math.MaxUint64}
	damaged := func(format string, args ...any) error {
		return &DamagedError{Key: b.archive.key(s.Key()), Err: fmt.Errorf(format, args...)}
	}
	err := b.scan(ctx, all, func(z zookeeper.Zxid, _ time.Time, _ decode) error {
		if repeated := z+1 == next && z >= s.First; z != next && !repeated {
			return damaged("it holds %s where %s should be", z, next)
		}
		next = z + 1
		return nil
	})
	if err == nil && next != s.Last+1 {
		err = damaged("it ends before %s", next)
	}
	return err
}

func (b builder) checkBase(ctx context.Context, o object, base archive.Base) error {
	return b.fetch(ctx, o, func(r io.Reader) error {
		_, err := snapshot.Verify(bufio.NewReaderSize(r, 1<<20), zookeeper.SnapshotName(base.Start, zookeeper.Plain), zookeeper.Plain)
		return err
	})
}
