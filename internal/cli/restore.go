package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/restore"
)

type restoreFlags struct {
	server   serverFlags
	at       string
	timeline int
	dryRun   bool
	keepOld  bool
	force    bool
	shape    shapeFlags
	output   *choice
	rejoinFlags

	identities []string
}

func newRestore(s *session) *cobra.Command {
	f := restoreFlags{shape: newShapeFlags(), rejoinFlags: newRejoinFlags()}
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
	timelineFlag(flags, &f.timeline)
	flags.BoolVar(&f.dryRun, "dry-run", false, "print the plan and touch nothing")
	flags.BoolVar(&f.keepOld, "keep-old", true, "leave the old data beside the new, under a name with the time")
	flags.BoolVar(&f.force, "force", false, "go ahead although the directory holds transactions that the archive lacks")
	f.shape.add(flags)
	f.rejoinFlags.add(cmd)
	flags.StringSliceVar(&f.identities, "identity", nil, "`FILE` with age identities to read encrypted objects with; may be repeated")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return s.runRestore(cmd, f)
	}
	return cmd
}

func (s *session) runRestore(cmd *cobra.Command, f restoreFlags) error {
	ctx := cmd.Context()
	to, err := parsePoint(f.at)
	if err := errors.Join(err, f.rejoinFlags.check()); err != nil {
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
		Bucket: bucket, DataDir: cfg.DataDir, LogDir: cfg.LogDir, To: to, Timeline: f.timeline, Quorum: !cfg.Standalone(), Clients: cfg.Clients,
		Force: f.force, KeepOld: f.keepOld, Now: time.Now, WholeEnsemble: f.forcedBack(),
	}
	if config.Identities, err = s.readIdentities(f.identities); err != nil {
		return err
	}
	f.shape.apply(&config)
	if f.ifNeeded && !f.dryRun {
		return s.runIfNeeded(cmd, cfg, config, f)
	}
	r, gate := s.passGate(ctx, cfg, &config, f)
	if f.dryRun {
		return s.planRestore(ctx, config, f, gate)
	}
	if gate != nil {
		return gate
	}
	report, err := s.rebuild(ctx, config)
	if err != nil {
		return err
	}
	if r != nil {
		r.rejoined(ctx, report)
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

// rebuild carries a restore out and shows how far it is.
func (s *session) rebuild(ctx context.Context, config restore.Config) (restore.Report, error) {
	progress := s.newProgress()
	config.Observe = progress
	report, err := restore.Run(ctx, config)
	progress.end(err == nil)
	if err != nil {
		return report, withKeyAdvice(fmt.Errorf("restore %s: %w", config.DataDir, err))
	}
	return report, nil
}

// warn tells the plan's warnings on standard error, where they are seen whatever the output is piped to.
func (s *session) warn(warnings []string) {
	for _, w := range warnings {
		s.say(slog.LevelWarn, w)
	}
}
