package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/drills"
	"github.com/zkark/zkark/internal/status"
	"github.com/zkark/zkark/restore"
)

type statusFlags struct {
	timeline int
	archive  archiveFlags
	syncRate float64
	output   *choice
}

func newStatus(s *session) *cobra.Command {
	var f statusFlags
	cmd := &cobra.Command{
		Use:   "status --archive URL",
		Short: "Show what an archive can restore, and what is wrong with it",
		Long: "status lists an archive, reads the servers' reports and nothing else of it, and shows the points that can be restored, gaps, proposals that were\n" +
			"never committed, and how far each server's sidecar has come. Times of transactions are those of the leaders' clocks.\n" +
			"It ends with exit code 3 when there is nothing, and with 4 when the newest transaction cannot be restored. A gap that a base\n" +
			"bridges is shown, and is no failure: everything after it can be restored.",
		Example: "  zkark status --archive s3://backups/zookeeper/prod",
		Args:    noArgs,
	}
	f.archive.add(cmd)
	cmd.Flags().Float64Var(&f.syncRate, "sync-rate", 1, "what the sidecars run with, for the estimate of requests")
	timelineFlag(cmd.Flags(), &f.timeline)
	f.output = outputFlag(cmd)
	require(cmd, "archive")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return s.runStatus(cmd.Context(), f)
	}
	return cmd
}

func (s *session) runStatus(ctx context.Context, f statusFlags) error {
	if err := checkSyncRate(f.syncRate); err != nil {
		return err
	}
	bucket, err := f.archive.open(ctx)
	if err != nil {
		return err
	}
	defer bucket.Close()
	listing, err := restore.List(ctx, bucket, f.timeline)
	if err != nil {
		return fmt.Errorf("status of %s: %w", f.archive.url, err)
	}
	catalog := listing.Catalog
	if _, ok := catalog.Newest(); !ok {
		return fmt.Errorf("status of %s: %w: has a sidecar shipped to it yet?", f.archive.url, archive.ErrEmpty)
	}
	shown := status.Of(f.archive.url, listing.Identity.Cluster, catalog)
	shown.Timeline = listing.Timeline
	reports, unread := restore.Reports(ctx, bucket)
	shown.AddReports(reports, unread)
	if unread != nil {
		s.log.Warn("not all of the servers' reports can be read", "err", unread)
	}
	drill, err := drills.Newest(ctx, bucket)
	if err != nil {
		s.log.Warn("when the archive was last proven cannot be read", "err", err)
	}
	shown.AddDrill(drill)
	if f.output.value == formatJSON {
		err = json.NewEncoder(s.Stdout).Encode(shown)
	} else {
		err = s.printStatus(shown, catalog, f.syncRate)
	}
	if err == nil {
		_, err = archive.MakePlan(catalog, archive.Latest())
	}
	return err
}

func (s *session) printStatus(a status.Archive, c archive.Catalog, syncRate float64) error {
	page := statusPage{Archive: a, now: time.Now(), syncRate: syncRate, screen: s.screen()}
	page.activity = a.Activity(c, page.screen.bar())
	_, err := fmt.Fprint(s.Stdout, page.String())
	return err
}
