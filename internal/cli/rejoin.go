package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/probe"
	"github.com/zkark/zkark/internal/zookeeper/zoocfg"
	"github.com/zkark/zkark/restore"
	"github.com/zkark/zkark/restore/census"
	"github.com/zkark/zkark/restore/gate"
	"github.com/zkark/zkark/restore/sound"
)

// The answers to whether a server may come back to its ensemble.
const (
	rejoinAuto     = "auto"     // the ensemble is asked
	rejoinEnsemble = "ensemble" // every server is restored to the same point
	rejoinForce    = "force"    // it may
)

// askAgain is the pause between two looks at an ensemble.
const askAgain = 2 * time.Second

// rejoinFlags say whether and when a server may come back.
type rejoinFlags struct {
	rejoin    choice
	wait      time.Duration
	peers     []string       // ID=HOST:PORT
	zooKeeper zooKeeperFlags // of which TLS is used, to ask with
	keys      recipientFlags // for what is shipped before
	ifNeeded  bool
	orEmpty   bool
}

func newRejoinFlags() rejoinFlags {
	return rejoinFlags{rejoin: choice{rejoinAuto, []string{rejoinAuto, rejoinEnsemble, rejoinForce}}}
}

func (f *rejoinFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.Var(&f.rejoin, "rejoin", "whether a server of an ensemble may come back with restored data: auto asks the others, ensemble says that every "+
		"server is restored to the same point, force that you have made sure")
	flags.DurationVar(&f.wait, "wait", 0, "how long to wait until the server may come back safely, as 5m")
	flags.StringSliceVar(&f.peers, "peer", nil, "where another server answers clients, as `ID=HOST:PORT`, if zoo.cfg does not tell; may be repeated")
	flags.StringVar(&f.zooKeeper.ca, "zk-tls-ca", "", "PEM `FILE` of the authorities that ZooKeeper's certificate may be of; any --zk-tls flag means TLS")
	flags.StringVar(&f.zooKeeper.cert, "zk-tls-cert", "", "PEM `FILE` of the certificate to show to ZooKeeper")
	flags.StringVar(&f.zooKeeper.key, "zk-tls-key", "", "PEM `FILE` of the certificate's private key")
	flags.BoolVar(&f.ifNeeded, "if-needed", false, "do nothing, and exit 0, where the server has data that it can start with")
	flags.BoolVar(&f.orEmpty, "or-empty", false, "with --if-needed: exit 0 where there is no archive yet, so that a new cluster can start empty")
	f.keys.add(cmd)
}

// check refuses what makes no sense together.
func (f *rejoinFlags) check() error {
	switch {
	case f.wait < 0:
		return usageError("--wait: want a time, as 5m, not %s", f.wait)
	case f.orEmpty && !f.ifNeeded:
		return usageError("--or-empty is for --if-needed: a restore of nothing is no restore")
	}
	return nil
}

// rejoin is one server on its way back to its ensemble.
type rejoin struct {
	s       *session
	cfg     zoocfg.Config
	id      int
	flags   rejoinFlags
	restore restore.Config
	dry     bool // nothing may be changed, and nobody waits
	latest  bool // the newest point is restored: the only one to which everybody goes without being told

	members []probe.Member
	options probe.Options
	holds   sound.State // what the server has
	shipped bool        // and the archive has it too
	station census.Station
	whole   bool // the whole ensemble is restored to the same point
}

// newRejoin reads what is needed to ask. It is for a server of an ensemble.
func (s *session) newRejoin(cfg zoocfg.Config, c restore.Config, f restoreFlags) (*rejoin, error) {
	r := &rejoin{s: s, cfg: cfg, flags: f.rejoinFlags, restore: c, dry: f.dryRun, latest: f.at == "latest", station: census.Station{Bucket: c.Bucket, Now: time.Now}}
	var err error
	if r.id, err = cfg.MyID(); err != nil {
		return nil, configError(err)
	}
	if r.options.TLS, err = r.flags.zooKeeper.tls(); err != nil {
		return nil, err
	}
	r.options.Details = true
	own, err := r.flags.zooKeeper.address(cfg)
	if err != nil {
		return nil, err
	}
	r.members = (&prober{self: int64(r.id), own: own, options: r.options}).members(cfg)
	return r, r.addPeers()
}

// addPeers takes the addresses of the command line.
func (r *rejoin) addPeers() error {
	for _, peer := range r.flags.peers {
		id, address, _ := strings.Cut(peer, "=")
		n, err := strconv.ParseInt(id, 10, 64)
		if _, _, bad := net.SplitHostPort(address); bad != nil || err != nil {
			return usageError("--peer %q: want ID=HOST:PORT", peer)
		}
		i := slices.IndexFunc(r.members, func(m probe.Member) bool { return m.ID == n })
		if i < 0 {
			return usageError("--peer %q: %s has no server %d", peer, r.cfg.Path, n)
		}
		r.members[i].Address = address
	}
	return nil
}

// passGate tells why a server of an ensemble may not come back, in an error, and adjusts the restore of one that may. What it returns is
// nil for a standalone server.
func (s *session) passGate(ctx context.Context, cfg zoocfg.Config, c *restore.Config, f restoreFlags) (*rejoin, error) {
	if cfg.Standalone() || f.rejoin.value == rejoinForce {
		return nil, nil
	}
	r, err := s.newRejoin(cfg, *c, f)
	if err != nil {
		return nil, err
	}
	if r.holds, err = sound.Look(ctx, cfg.DataDir, cfg.LogDir); err != nil {
		return nil, err
	}
	d, err := r.decide(ctx)
	if err != nil {
		return nil, err
	}
	c.WholeEnsemble = r.whole
	return r, refusal(cfg, d)
}

// decide tells whether the server may come back, once it may or cannot be expected to within the wait.
func (r *rejoin) decide(ctx context.Context) (gate.Decision, error) {
	switch r.flags.rejoin.value {
	case rejoinForce:
		return gate.Decision{Verdict: gate.Allow, Reason: "--rejoin=force says that it may"}, nil
	case rejoinEnsemble:
		return r.byHand(ctx)
	}
	w := gate.Watch{Look: r.look, Else: r.count, Wait: r.flags.wait, Pause: askAgain, Clock: gate.SystemClock()}
	if r.dry {
		w.Wait = 0
	}
	return w.Run(ctx)
}

// byHand believes that every server is restored, unless one of them leads.
func (r *rejoin) byHand(ctx context.Context) (gate.Decision, error) {
	h := probe.Judge(r.ask(ctx))
	if h.Leader != nil {
		return gate.Decision{Verdict: gate.Refuse, Leader: h.Leader.ID, Zxid: h.Leader.Zxid,
			Reason: fmt.Sprintf("--rejoin=ensemble says that every server is restored, and server %d leads at %s", h.Leader.ID, h.Leader.Zxid),
			Advice: []string{"stop every server first", "give --rejoin=auto to bring back this one alone"}}, nil
	}
	r.whole = true
	return gate.Decision{Verdict: gate.Allow, Reason: "--rejoin=ensemble says that every server is restored to the same point"}, nil
}

// ask asks everybody else.
func (r *rejoin) ask(ctx context.Context) []probe.Result {
	var others []probe.Member
	self := probe.Result{Member: probe.Member{ID: -1}}
	for _, m := range r.members {
		if m.ID == int64(r.id) {
			self = probe.Result{Member: m, Server: probe.Server{Role: probe.Unknown}, Err: errors.New("it is the one that is to be restored")}
		} else {
			others = append(others, m)
		}
	}
	answers := probe.Ensemble(ctx, others, r.options)
	for i := range answers {
		if answers[i].Address == "" {
			answers[i].Err = fmt.Errorf("where server %d answers clients is not known: say so with --peer %d=HOST:PORT", answers[i].ID, answers[i].ID)
		}
	}
	if self.ID >= 0 {
		answers = append(answers, self)
	}
	return answers
}

// look asks everybody else, and the archive.
func (r *rejoin) look(ctx context.Context) (gate.Situation, error) {
	sit := gate.Situation{Self: int64(r.id), Answers: r.ask(ctx), Weighted: r.cfg.Weighted}
	plan, err := restore.Plan(ctx, r.restore)
	var diverged *archive.DivergedError
	if errors.As(err, &diverged) {
		sit.Diverged = diverged
		return sit, nil
	}
	if err != nil {
		return sit, err
	}
	sit.Point, sit.Tip = plan.Target, plan.Target
	if !r.latest {
		sit.Tip, err = r.tip(ctx)
	}
	return sit, err
}

// tip is the newest point of the archive.
func (r *rejoin) tip(ctx context.Context) (zookeeper.Zxid, error) {
	newest := r.restore
	newest.To = archive.Latest()
	plan, err := restore.Plan(ctx, newest)
	return plan.Target, err
}

// count looks, where nobody leads, whether that is because everything is lost.
func (r *rejoin) count(ctx context.Context, d gate.Decision) (gate.Decision, error) {
	if d.Leader != 0 {
		return d, nil
	}
	if !r.dry {
		if err := r.report(ctx); err != nil {
			return d, err
		}
	}
	entries, err := r.station.Entries(ctx)
	if err != nil {
		return d, err
	}
	tip, err := r.tip(ctx)
	if err != nil {
		return d, err
	}
	c := census.Decide(census.Round{Voters: r.voters(), Entries: entries, Now: r.station.Time(entries, r.id), Tip: tip})
	if c.Lost && r.latest {
		r.whole = true
		return gate.Decision{Verdict: gate.Allow, Reason: c.Reason, Voters: d.Voters}, nil
	}
	d.Reason += ", and " + c.Reason
	return d, nil
}

// report says through the archive what the server holds.
func (r *rejoin) report(ctx context.Context) error {
	return r.station.Report(ctx, archive.CensusEntry{
		Server: r.id, Holds: r.holds.Kind == sound.Sound, Last: r.holds.Last, Shipped: r.shipped, Voters: r.voters(),
	})
}

func (r *rejoin) voters() []int {
	var ids []int
	for _, s := range r.cfg.Servers {
		if !s.Observer {
			ids = append(ids, int(s.ID))
		}
	}
	return ids
}

// rejoined tells those that count after this that the server has data again.
func (r *rejoin) rejoined(ctx context.Context, report restore.Report) {
	r.holds, r.shipped = sound.State{Kind: sound.Sound, Last: report.Plan.Target}, true
	if err := r.report(ctx); err != nil {
		r.s.log.Warn("the other servers are not told that this one has data again", "err", err)
	}
}

// refusal is nil where the server may come back.
func refusal(cfg zoocfg.Config, d gate.Decision) error {
	if d.Verdict == gate.Allow {
		return nil
	}
	said := fmt.Sprintf("%s is one of an ensemble of %d servers and may not come back with restored data: %s", cfg.Path, len(cfg.Servers), d.Reason)
	if len(d.Advice) > 0 {
		said += ". Safe ways: " + strings.Join(d.Advice, "; or ")
	}
	return &codedError{exitRefused, errors.New(said + ". Where you have made sure, give --rejoin=force")}
}
