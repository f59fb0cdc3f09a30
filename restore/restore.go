package restore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"filippo.io/age"
	"golang.org/x/sync/errgroup"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/store"
	"github.com/zkark/zkark/internal/timetravel"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/tree"
	"github.com/zkark/zkark/restore/install"
)

// Config says what to restore, and where.
type Config struct {
	Bucket   store.Bucket
	DataDir  string // as zoo.cfg has it: the parent of version-2
	LogDir   string // dataLogDir; the same as DataDir where it is not separate
	To       archive.Point
	Timeline int      // 0 for the newest
	Quorum   bool     // the server is one of several: it needs epoch files
	Clients  []string // HOST:PORT at which the server would answer clients; none may
	Force    bool     // go ahead although the directory holds transactions that the archive lacks
	KeepOld  bool     // leave the old data beside the new
	Now      func() time.Time
	Observe  Observer // nil for nobody

	// WholeEnsemble tells that every server of the quorum is restored to the same point: epochs go forward then, and only then.
	WholeEnsemble bool
	// Crisp asks for one exact snapshot at the target and no logs. A standalone server that goes back gets one in any case.
	Crisp bool
	// DropSessions leaves out all sessions and their ephemeral nodes, ScrubMembers the ensemble's members in /zookeeper/config. Either
	// makes a crisp snapshot; servers of one ensemble need the same.
	DropSessions, ScrubMembers bool

	// Identities are what encrypted objects are read with; those of an archive that is not encrypted need none.
	Identities []age.Identity

	before func(step string) error // see staging
}

// Observer is told how far a restore has come. No two calls overlap.
type Observer interface {
	// Planned comes before the first object is read, and again when an object turns out to be damaged and there is another way.
	Planned(archive.Plan)
	// Fetched tells that n more bytes of objects have been read.
	Fetched(n int)
	// Proving comes once, when everything is built and what is left is to replay the rest of it.
	Proving()
}

// Report tells what was done.
type Report struct {
	Cluster  string            `json:"cluster"`
	Timeline int               `json:"timeline"`
	Found    Found             `json:"found"`
	Plan     archive.Plan      `json:"plan"`
	Proof    timetravel.Report `json:"proof"`
	Crisp    *Crisp            `json:"crisp,omitempty"`   // nil where logs were installed too
	Epoch    uint32            `json:"epoch,omitempty"`   // in both epoch files, 0 without any
	Kept     []string          `json:"kept,omitempty"`    // directories with the old data
	Avoided  []string          `json:"avoided,omitempty"` // keys of objects that were damaged or missing, and were not needed
	// Resumed tells that an interrupted restore of the same point was finished, and nothing else had to be done.
	Resumed bool `json:"resumed,omitempty"`

	atEnd, atTarget tree.Digests // of the base where it is consistent, and of what was restored
}

// Preview is what Run would do: where the point led, and the way there.
type Preview struct {
	Found Found
	Plan  archive.Plan
}

// Look computes what Run would do, and touches nothing but temporary files. A time or a deletion is looked up in segments; the
// neighbours of any point may be.
func Look(ctx context.Context, cfg Config) (Preview, error) {
	a, err := open(ctx, cfg.Bucket, cfg.Timeline)
	if err != nil {
		return Preview{}, err
	}
	return a.look(ctx, cfg, true)
}

// Plan is the plan of Look.
func Plan(ctx context.Context, cfg Config) (archive.Plan, error) {
	a, err := open(ctx, cfg.Bucket, cfg.Timeline)
	if err != nil {
		return archive.Plan{}, err
	}
	p, err := a.look(ctx, cfg, false)
	return p.Plan, err
}

// Run rebuilds the data directory. When it returns nil, the directory holds exactly the planned point, and replaying it from
// disk has been proven to give the digests that ZooKeeper recorded. When it fails, the directory holds what it held before, or,
// if it died in the middle of the swap, the next Run finishes that first.
func Run(ctx context.Context, cfg Config) (Report, error) {
	if err := notInUse(ctx, cfg.Clients); err != nil {
		return Report{}, err
	}
	finished, resumed, err := (install.Executor{Before: cfg.before}).Resume(cfg.DataDir)
	if err != nil {
		return Report{}, fmt.Errorf("finish the restore that was interrupted: %w", err)
	}
	a, err := open(ctx, cfg.Bucket, cfg.Timeline)
	if err != nil {
		return Report{}, err
	}
	preview, err := a.look(ctx, cfg, false)
	if err != nil {
		return Report{}, err
	}
	report := Report{Cluster: a.id.Cluster, Timeline: a.timeline, Found: preview.Found, Plan: preview.Plan}
	if resumed && finished.Target == preview.Plan.Target {
		report.Resumed = true
		return report, nil
	}
	return report, a.rebuild(ctx, cfg, &report)
}

// rebuild is everything after the plan: build, prove, swap.
func (a opened) rebuild(ctx context.Context, cfg Config, report *Report) error {
	if cfg.Observe == nil {
		cfg.Observe = unobserved{}
	}
	cfg.Observe = oneAtATime{cfg.Observe, new(sync.Mutex)}
	for {
		err := a.attempt(ctx, cfg, report)
		detour, ok := a.without(err, report)
		if !ok {
			return err
		}
		a = detour
	}
}

// attempt is rebuild by one plan.
func (a opened) attempt(ctx context.Context, cfg Config, report *Report) error {
	if key, any := report.Plan.Encrypted(); any && len(cfg.Identities) == 0 {
		return fmt.Errorf("read %s: %w", key, archive.ErrEncrypted)
	}
	cfg.Observe.Planned(report.Plan)
	s, err := newStaging(cfg)
	if err != nil {
		return err
	}
	defer s.remove()
	b := builder{archive: a, staging: s, observe: cfg.Observe, identities: cfg.Identities, behind: new(errgroup.Group)}
	defer b.behind.Wait() // before the staging is cleared; its error counts below
	built, p, err := b.buildAndProve(ctx, report.Plan)
	if err != nil {
		return err
	}
	report.Proof, report.atEnd, report.atTarget = p.report, p.atEnd, p.replay.Tree().Digests()
	if err := a.finish(ctx, cfg, built, p, report); err != nil {
		return err
	}
	if err := b.behind.Wait(); err != nil {
		return err
	}
	if err := s.seal(report.Epoch, cfg.Quorum); err != nil {
		return err
	}
	report.Plan.Warnings = append(report.Plan.Warnings, s.label()...)
	report.Kept, err = s.swap(report.Plan.Target, cfg)
	return err
}

// finish gives what was proven the form, the zxid and the epoch that the server is to start with.
func (a opened) finish(ctx context.Context, cfg Config, b built, p *proof, report *Report) error {
	seen, err := a.seen(ctx, cfg)
	if err != nil {
		return err
	}
	seen = max(seen, zookeeper.MakeZxid(membersEpoch(p.replay.Tree().Members()), 0))
	from, err := startFrom(cfg, report.Plan.Target, seen)
	if err != nil {
		return err
	}
	if cfg.Quorum {
		report.Epoch = from.epoch
	}
	if cfg.Crisp || cfg.changes() || from.zxid != report.Plan.Target {
		report.Crisp, err = condense(b, p, cfg, from.zxid)
	}
	return err
}

// look finds the point and the way to it, and refuses it where going there would lose what only the directory holds.
func (a opened) look(ctx context.Context, cfg Config, exact bool) (Preview, error) {
	f := newFinder(a, cfg.Identities)
	at, err := f.find(ctx, cfg.To)
	if err != nil {
		return Preview{}, err
	}
	plan, err := archive.MakePlan(a.catalog, at)
	if errors.Is(err, archive.ErrEmpty) {
		return Preview{}, fmt.Errorf("%w: has a sidecar shipped to it yet?", err)
	}
	if err != nil {
		return Preview{}, err
	}
	found, err := f.describe(ctx, cfg.To, plan.Target, exact)
	if err != nil {
		return Preview{}, err
	}
	plan.Warnings = append(plan.Warnings, found.Warnings...)
	return Preview{Found: found, Plan: plan}, a.nothingLost(cfg)
}

// nothingLost refuses to set aside a directory whose newest transaction the archive does not have.
func (a opened) nothingLost(cfg Config) error {
	local, ok, err := newestLocal(cfg.DataDir, cfg.LogDir)
	if err != nil || !ok || cfg.Force {
		return err
	}
	if archived, _ := a.catalog.Newest(); local > archived {
		return &AheadError{Dir: cfg.LogDir, Local: local, Archived: archived}
	}
	return nil
}

// AheadError is returned when the target directory holds transactions that the archive lacks.
type AheadError struct {
	Dir             string
	Local, Archived zookeeper.Zxid
}

// Error says what to do about it.
func (e *AheadError) Error() string {
	return fmt.Sprintf("%s holds transactions up to %s, the archive only up to %s: let the sidecar ship them first, or give --force to set them aside",
		e.Dir, e.Local, e.Archived)
}

// DamagedError is returned when an object is not what its name says.
type DamagedError struct {
	Key string
	Err error
}

// Error names the object.
func (e *DamagedError) Error() string { return fmt.Sprintf("object %s is damaged: %v", e.Key, e.Err) }

// Unwrap gives the cause.
func (e *DamagedError) Unwrap() error { return e.Err }

// ErrNotProven is wrapped when what was built does not replay to the digests that ZooKeeper recorded.
var ErrNotProven = errors.New("the restored data is not proven")

type unobserved struct{}

func (unobserved) Planned(archive.Plan) {}
func (unobserved) Fetched(int)          {}
func (unobserved) Proving()             {}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
