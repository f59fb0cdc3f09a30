package cli

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/zookeeper/zoocfg"
	"github.com/zkark/zkark/restore"
)

// The answers to whether a server may come back to its ensemble.
const (
	rejoinAuto  = "auto"
	rejoinForce = "force"
)

type restoreFlags struct {
	server  serverFlags
	at      string
	dryRun  bool
	keepOld bool
	force   bool
	shape   shapeFlags
	rejoin  choice
	output  *choice

	identities []string
}

func newRestore(s *session) *cobra.Command {
	f := restoreFlags{shape: newShapeFlags(), rejoin: choice{rejoinAuto, []string{rejoinAuto, rejoinForce}}}
	cmd := &cobra.Command{
		Use:   "restore --zoo-cfg FILE --archive URL",
		Short: "Rebuild a server's data directory from the archive",
		Long: "restore rebuilds the data directory of a stopped server. What it built is read back from disk and replayed against\n" +
			"the digests that ZooKeeper recorded before it is put in place. The old data stays beside it.",
		Example: "  zkark restore --zoo-cfg /etc/zookeeper/conf/zoo.cfg --archive file:///backup/zk --dry-run\n" +
			"  zkark restore --zoo-cfg /etc/zookeeper/conf/zoo.cfg --archive file:///backup/zk --at before-delete:/app/config",
		Args: noArgs,
	}
	f.server.add(cmd)
	f.output = outputFlag(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.at, "at", "latest", "the `POINT` to restore: "+archive.PointForms)
	flags.BoolVar(&f.dryRun, "dry-run", false, "print the plan and touch nothing")
	flags.BoolVar(&f.keepOld, "keep-old", true, "leave the old data beside the new, under a name with the time")
	flags.BoolVar(&f.force, "force", false, "go ahead although the directory holds transactions that the archive lacks")
	f.shape.add(flags)
	flags.Var(&f.rejoin, "rejoin", "whether a server of an ensemble may come back with restored data: force says that you have made sure")
	flags.StringSliceVar(&f.identities, "identity", nil, "`FILE` with age identities to read encrypted objects with; may be repeated")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return s.runRestore(cmd.Context(), f)
	}
	return cmd
}

func (s *session) runRestore(ctx context.Context, f restoreFlags) error {
	to, err := parsePoint(f.at)
	if err != nil {
		return err
	}
	cfg, err := readZooCfg(f.server.zooCfg)
	if err != nil {
		return err
	}
	bucket, err := f.server.archive.open(ctx)
	if err != nil {
		return err
	}
	defer bucket.Close()
	config := restore.Config{
		Bucket: bucket, DataDir: cfg.DataDir, LogDir: cfg.LogDir, To: to, Quorum: !cfg.Standalone(), Clients: cfg.Clients,
		Force: f.force, KeepOld: f.keepOld, Now: time.Now, WholeEnsemble: f.forcedBack(),
	}
	if config.Identities, err = s.readIdentities(f.identities); err != nil {
		return err
	}
	f.shape.apply(&config)
	gate := rejoinGate(cfg, f.rejoin.value)
	if f.dryRun {
		return s.planRestore(ctx, config, f, gate)
	}
	if gate != nil {
		return gate
	}
	progress := s.newProgress()
	config.Observe = progress
	report, err := restore.Run(ctx, config)
	progress.end(err == nil)
	if err != nil {
		return withKeyAdvice(fmt.Errorf("restore %s: %w", cfg.DataDir, err))
	}
	shown := newRestored(cfg.DataDir, report)
	if _, err := cfg.MyID(); err != nil {
		shown.Warnings = append(shown.Warnings, fmt.Sprintf("the server will not start before it has its id again: %v", err))
	}
	return s.printRestored(shown, f.output.value)
}

// planRestore prints what a restore would do. A gate that would stop it is a warning.
func (s *session) planRestore(ctx context.Context, config restore.Config, f restoreFlags, gate error) error {
	preview, err := restore.Look(ctx, config)
	if err != nil {
		return withKeyAdvice(fmt.Errorf("plan to restore %s: %w", config.DataDir, err))
	}
	plan := preview.Plan
	shown := newPlanned("plan", plan, preview.Found)
	if gate != nil {
		shown.Warnings = append(shown.Warnings, gate.Error())
	}
	if key, any := plan.Encrypted(); any && len(config.Identities) == 0 {
		shown.Warnings = append(shown.Warnings, withKeyAdvice(fmt.Errorf("read %s: %w", key, archive.ErrEncrypted)).Error())
	}
	return s.printPlan(shown, f.output.value)
}

// rejoinGate refuses what could lose acknowledged transactions: a server that has forgotten some of them and votes.
func rejoinGate(cfg zoocfg.Config, rejoin string) error {
	if cfg.Standalone() || rejoin == rejoinForce {
		return nil
	}
	return &codedError{exitRefused, fmt.Errorf("%s is one of an ensemble of %d servers, and a voter that has forgotten what it "+
		"acknowledged can help to elect a leader without it: where the other servers are sound, start them and let this one start empty and "+
		"copy from them; where every server is restored to the same point, or you are sure, give --rejoin=force", cfg.Path, len(cfg.Servers))}
}

// warn tells the plan's warnings on standard error, where they are seen whatever the output is piped to.
func (s *session) warn(warnings []string) {
	for _, w := range warnings {
		s.say(slog.LevelWarn, w)
	}
}
