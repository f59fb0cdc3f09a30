package sidecar

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"filippo.io/age"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/store"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/sidecar/tail"
	"github.com/zkark/zkark/sidecar/watch"
	"github.com/zkark/zkark/uploader"
)

// ErrUnshipped is wrapped when the sidecar ends although the server has logged something that the archive lacks.
var ErrUnshipped = errors.New("not everything is archived")

// Config is what a sidecar works with. The zero value of a field after Bucket means its default.
type Config struct {
	DataDir string // of the server: snapshots
	LogDir  string // of the server: transaction logs; the default is DataDir
	Source  int    // the server's myid, 0 for a standalone server
	Bucket  store.Bucket

	SyncRate     float64         // turns per second of the whole ensemble, R; default 1
	Ensemble     func() []int    // ids of all servers that share the turns, asked before each; nil for a standalone server
	Drain        time.Duration   // how long the last turn may take; default 20 s
	BaseBytes    int64           // of log between two bases; default 1 GiB
	BaseInterval time.Duration   // between two bases; default 6 h
	SpoolDir     string          // where bases are packed; default the system's directory for temporary files
	Recipients   []age.Recipient // whom what is archived is encrypted to; default nobody: it is not encrypted

	CompactEvery time.Duration     // between two looks for small segments that should be one; 0 for never
	Prune        archive.Retention // what an hourly prune keeps; a Keep of 0 for no prune

	Prober Prober // asks ZooKeeper; nil for not to ask. Run closes it

	Log *slog.Logger // default slog.Default()
}

const (
	segmentBytes = 4 << 20
	relistEvery  = 10 * time.Minute
	rescanEvery  = 5 * time.Second
	pruneEvery   = time.Hour
	lookPause    = 250 * time.Millisecond

	lookWithin = 2 * time.Minute  // beyond many rescans
	workWithin = 30 * time.Minute // beyond all tries of one request to a store that does not answer, packing a large snapshot, and the first look
)

func (c Config) withDefaults() Config {
	if c.SyncRate <= 0 {
		c.SyncRate = 1
	}
	if c.Ensemble == nil {
		c.Ensemble = func() []int { return nil }
	}
	if c.Drain <= 0 {
		c.Drain = 20 * time.Second
	}
	if c.BaseBytes <= 0 {
		c.BaseBytes = 1 << 30
	}
	if c.BaseInterval <= 0 {
		c.BaseInterval = 6 * time.Hour
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return c
}

// Sidecar is the companion of one server. New makes one; Run runs it once.
type Sidecar struct {
	cfg      Config
	parts    *parts
	tail     *tail.Tail
	uploader *uploader.Uploader

	turns, rescans <-chan time.Time // nil for the clock's
	pause          time.Duration    // between two looks at hints
	early, bases   chan struct{}    // each holds one signal
	probes         chan struct{}    // so does this
	shipping       atomic.Bool      // a turn is under way, or none has ended yet
	probePause     time.Duration    // between two looks at ZooKeeper

	lagging    sync.Mutex     // guards the next two
	oldest     zookeeper.Zxid // the record that oldestTime is known of
	oldestTime time.Time

	mu      sync.Mutex // guards the rest
	report  tail.Report
	logging streak               // of looking at the directories
	turning streak               // of archiving log
	basing  streak               // of archiving bases
	chores  streak               // of compacting and pruning
	proving streak               // of reading when the archive was proven
	drill   *archive.DrillReport // the last that went well; nil for none
	told    map[string]bool
	// suspected is for how many turns what is missing has been so; lost is what is, and toldLost what was told of it.
	suspected map[string]int
	lost      []archive.Range
	toldLost  map[archive.Range]bool
	looked    bool      // at the directories, once
	moved     time.Time // when there was last nothing to ship, or some of it was shipped
	reached   zookeeper.Zxid
	shipped   Shipped
	results   map[Result]int // of turns

	seen              Seen
	asking, reporting streak // of asking ZooKeeper, and of archiving reports
	seeing            streak // of seeing what ZooKeeper says that it has written
	sight             sight  // of the probe's loop alone
}

// New makes a sidecar that does nothing yet.
func New(c Config) *Sidecar {
	c = c.withDefaults()
	s := &Sidecar{
		cfg: c, tail: tail.New(tail.Config{DataDir: c.DataDir, LogDir: c.LogDir}), pause: lookPause,
		early: make(chan struct{}, 1), bases: make(chan struct{}, 1), probes: make(chan struct{}, 1), probePause: probePause,
		told: map[string]bool{}, toldLost: map[archive.Range]bool{}, moved: time.Now(), parts: newParts(c.Log), results: map[Result]int{},
	}
	s.cfg.Bucket = lively{c.Bucket, s.beats(0)}
	s.shipping.Store(true)
	s.logging = streak{log: c.Log, what: "look at ZooKeeper's directories"}
	s.turning = streak{log: c.Log, what: "archive the log"}
	s.basing = streak{log: c.Log, what: "archive a snapshot"}
	s.chores = streak{log: c.Log, what: "compact and prune the archive"}
	s.proving = streak{log: c.Log, what: "read when the archive was last proven"}
	s.asking = streak{log: c.Log, what: "ask ZooKeeper"}
	s.reporting = streak{log: c.Log, what: "archive a report"}
	s.seeing = streak{log: c.Log, what: "see what ZooKeeper writes"}
	s.uploader = uploader.New(s.cfg.uploader(s.tail))
	return s
}

func (c Config) uploader(t *tail.Tail) uploader.Config {
	return uploader.Config{
		Bucket: c.Bucket, Local: local{t}, Source: c.Source, SegmentBytes: segmentBytes,
		BaseBytes: c.BaseBytes, BaseInterval: c.BaseInterval, RelistEvery: relistEvery, SpoolDir: c.SpoolDir, Recipients: c.Recipients,
		NewTimeline: func(n int, why error) {
			c.Log.Warn(fmt.Sprintf("from now on in timeline %d of the archive", n), "because", why)
		},
		Now: time.Now, Rand: rand.Read,
	}
}

// Run ships until the context ends, whatever fails meanwhile, and then once more. Its error wraps ErrUnshipped unless everything
// that the server has logged is archived by then.
func (s *Sidecar) Run(ctx context.Context) error {
	look := make(chan struct{}, 1)
	rescans, stopRescans := s.rescanTicks()
	defer stopRescans()
	var loops sync.WaitGroup
	start := func(name string, run func(context.Context)) {
		loops.Go(func() { s.parts.guard(ctx, name, run) })
	}
	start("watch", func(ctx context.Context) { s.watch(ctx, rescans, look) })
	start("look", func(ctx context.Context) { s.lookLoop(ctx, look) })
	start("turns", s.turnLoop)
	start("bases", s.baseLoop)
	start("probe", s.probeLoop)
	start("drills", s.drillLoop)
	if s.cfg.CompactEvery > 0 {
		start("compaction", func(ctx context.Context) { s.every(ctx, s.cfg.CompactEvery, &s.chores, s.compact) })
	}
	if s.cfg.Prune.Keep > 0 {
		start("pruning", func(ctx context.Context) { s.every(ctx, pruneEvery, &s.chores, s.prune) })
	}
	loops.Wait()
	if s.cfg.Prober != nil {
		s.cfg.Prober.Close() // before the last turn: the end of a session is a transaction
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.Drain)
	defer cancel()
	return errors.Join(s.lastTurns(drain), s.blind(), s.tail.Close())
}

// lastTurns drains, and makes an error of a panic.
func (s *Sidecar) lastTurns(ctx context.Context) (err error) {
	if broken := survive(func() { err = s.drain(ctx) }); broken != nil {
		return fmt.Errorf("%w: the last turn broke down: %w", ErrUnshipped, broken)
	}
	return err
}

// beats makes a function that notes that a part is alive.
func (s *Sidecar) beats(within time.Duration) func(context.Context) {
	return func(ctx context.Context) { beat(ctx, s.parts, within) }
}

// watch has no time in which it has to be heard of. When it hangs, looks stop, and those have.
func (s *Sidecar) watch(ctx context.Context, rescans <-chan time.Time, look chan<- struct{}) {
	beat(ctx, s.parts, anyTime)
	watch.Run(ctx, s.dirs(), rescans, look, s.unwatched)
}

func (s *Sidecar) rescanTicks() (<-chan time.Time, func()) {
	if s.rescans != nil {
		return s.rescans, func() {}
	}
	t := time.NewTicker(rescanEvery)
	return t.C, t.Stop
}

// nextTurn fires when it is the sidecar's turn again.
func (s *Sidecar) nextTurn(ctx context.Context) <-chan time.Time {
	if s.turns != nil {
		beat(ctx, s.parts, anyTime)
		return s.turns
	}
	now := time.Now()
	wait := placeOf(s.cfg.Ensemble(), s.cfg.Source).nextTurn(now, s.cfg.SyncRate).Sub(now)
	beat(ctx, s.parts, wait+workWithin)
	return time.After(wait)
}

func (s *Sidecar) dirs() []string {
	dirs := []string{filepath.Join(s.cfg.DataDir, zookeeper.VersionDir)}
	if s.cfg.LogDir != "" && s.cfg.LogDir != s.cfg.DataDir {
		dirs = append(dirs, filepath.Join(s.cfg.LogDir, zookeeper.VersionDir))
	}
	return dirs
}

func (s *Sidecar) unwatched(err error) {
	s.cfg.Log.Warn("no notifications of changes; looking at intervals instead", "err", err)
}

// lookLoop keeps up with the directories, so that files are held open before they can be purged, however long the store takes.
func (s *Sidecar) lookLoop(ctx context.Context, look chan struct{}) {
	beat(ctx, s.parts, lookWithin)
	for {
		select {
		case <-ctx.Done():
			return
		case <-look:
		}
		beat(ctx, s.parts, workWithin)
		s.look(ctx)
		beat(ctx, s.parts, lookWithin)
		if s.unsure() {
			signal(look) // what changed under the look may have been the last change for long
		}
		if s.uploader.Backlog().Bytes >= segmentBytes && !s.failing() {
			signal(s.early)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(s.pause):
		}
	}
}

func (s *Sidecar) unsure() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.report.Unsure
}

// failing tells whether the last turn failed. Then no turn comes early: a store that is down is not asked more often for it.
func (s *Sidecar) failing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.turning.n > 0
}

func (s *Sidecar) turnLoop(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.nextTurn(ctx):
		case <-s.early:
		}
		beat(ctx, s.parts, workWithin)
		signal(s.probes)
		s.look(ctx)
		s.shipping.Store(true)
		s.turn(ctx)
		s.shipping.Store(false)
		signal(s.probes)
		signal(s.bases)
	}
}

// baseLoop archives snapshots beside the log, because a large one can take long.
func (s *Sidecar) baseLoop(ctx context.Context) {
	for {
		beat(ctx, s.parts, anyTime)
		select {
		case <-ctx.Done():
			return
		case <-s.bases:
			beat(ctx, s.parts, workWithin)
			s.base(ctx)
		}
	}
}

func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// drain takes turns until nothing is left to ship, or time is up.
func (s *Sidecar) drain(ctx context.Context) error {
	var cause error // of the last try that was not only cut short
	for {
		err := errors.Join(s.look(ctx), s.turn(ctx), s.base(ctx))
		left := s.unshipped()
		if err == nil && left == nil {
			return nil
		}
		if cause == nil || ctx.Err() == nil {
			cause = err
		}
		select {
		case <-ctx.Done():
			return errors.Join(left, cause)
		case <-s.nextTurn(ctx):
		}
	}
}

// unshipped tells what the last look found and the archive lacks.
func (s *Sidecar) unshipped() error {
	s.mu.Lock()
	report := s.report
	s.mu.Unlock()
	if len(report.Troubles) > 0 {
		return fmt.Errorf("%w: %w", ErrUnshipped, errors.Join(report.Troubles...))
	}
	b := s.uploader.Backlog()
	switch {
	case report.Unsure:
		return fmt.Errorf("%w: the logs changed during the last look", ErrUnshipped)
	case b.Records > 0:
		return fmt.Errorf("%w: %d records up to %s are only on the server; archived up to %s", ErrUnshipped, b.Records, b.Logged, b.Archived)
	}
	return nil
}
