package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/timelines"
	"github.com/zkark/zkark/restore"
)

type timelineFlags struct {
	archive archiveFlags
	open    bool
	reason  string
	output  *choice
}

func newTimeline(s *session) *cobra.Command {
	var f timelineFlags
	cmd := &cobra.Command{
		Use:   "timeline --archive URL",
		Short: "List the timelines of an archive, or open a new one",
		Long: "timeline lists the histories in an archive. A new one begins where a server contradicts the archive although both have the same past.\n" +
			"A standalone server's sidecar opens it by itself. Where the data of an ensemble was put back by hand, --open does; its sidecars then\n" +
			"go on in the new timeline. Nothing of the old ones is changed: give restore the number to restore from one.",
		Example: "  zkark timeline --archive file:///backup/zk\n" +
			"  zkark timeline --archive file:///backup/zk --open --reason 'volumes put back from the snapshots of Monday'",
		Args: noArgs,
	}
	f.archive.add(cmd)
	flags := cmd.Flags()
	flags.BoolVar(&f.open, "open", false, "open a new timeline")
	flags.StringVar(&f.reason, "reason", "", "with --open: the `SENTENCE` to keep about why")
	f.output = outputFlag(cmd)
	require(cmd, "archive")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if f.open != (f.reason != "") {
			return usageError("--open and --reason go together: say why the history begins anew")
		}
		return s.runTimeline(cmd.Context(), f)
	}
	return cmd
}

func (s *session) runTimeline(ctx context.Context, f timelineFlags) error {
	bucket, err := f.archive.open(ctx)
	if err != nil {
		return err
	}
	defer bucket.Close()
	newest, err := restore.List(ctx, bucket, 0)
	if err != nil {
		return fmt.Errorf("timelines of %s: %w", f.archive.url, err)
	}
	if f.open {
		fork, _ := newest.Catalog.Newest()
		opened := archive.Timeline{Parent: newest.Timeline, Fork: fork, Reason: f.reason, Created: time.Now().UTC()}
		if err := timelines.Open(ctx, bucket, newest.Timeline+1, opened); err != nil {
			return err
		}
	}
	all, err := timelines.All(ctx, bucket)
	if err != nil {
		return err
	}
	for _, n := range all {
		t, err := timelines.Read(ctx, bucket, n)
		if err == nil {
			err = s.printTimeline(shownTimeline{"timeline", n, t}, f.output.value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// shownTimeline is a timeline as JSON shows it.
type shownTimeline struct {
	Kind   string `json:"kind"` // "timeline"
	Number int    `json:"number"`
	archive.Timeline
}

func (s *session) printTimeline(t shownTimeline, output string) error {
	if output == formatJSON {
		return json.NewEncoder(s.Stdout).Encode(t)
	}
	rows := [][2]string{{"timeline", strconv.Itoa(t.Number)}, {"opened", t.Created.UTC().Format(time.RFC3339)}}
	if t.Parent > 0 {
		rows = append(rows, [2]string{"follows", fmt.Sprintf("timeline %d, of which it shares no more than up to %s", t.Parent, t.Fork)})
	}
	return printRows(s.Stdout, append(rows, [2]string{"because", t.Reason}))
}
