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
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/uploader"
)

// defaultGrace is longer than any restore, which may be reading the small segments.
const defaultGrace = 24 * time.Hour

type pruneFlags struct {
	archive                archiveFlags
	keep, keepDaily, grace period
	dryRun                 bool
	output                 *choice
}

func newPrune(s *session) *cobra.Command {
	f := pruneFlags{grace: period(defaultGrace)}
	cmd := &cobra.Command{
		Use:   "prune --archive URL --keep PERIOD",
		Short: "Remove from the archive what no kept restore point needs",
		Long: "prune removes what is older than what you keep, and small segments whose records a larger one holds. It never removes\n" +
			"what a kept restore point needs, nor the last restorable chain, nor what zkark did not write. It is the only command that\n" +
			"deletes from an archive, and needs credentials that may; those of a sidecar need not, and should not.",
		Example: "  zkark prune --archive file:///backup/zk --keep 7d --keep-daily 30d --dry-run",
		Args:    noArgs,
	}
	f.archive.add(cmd)
	flags := cmd.Flags()
	flags.Var(&f.keep, "keep", "how long every restore point is kept, as 7d, 2w or 36h")
	flags.Var(&f.keepDaily, "keep-daily", "how long one restore point a day is kept, as 30d")
	flags.Var(&f.grace, "grace", "how long small segments stay beside a larger one that holds their records")
	flags.BoolVar(&f.dryRun, "dry-run", false, "print what would be removed, and remove nothing")
	f.output = outputFlag(cmd)
	require(cmd, "archive", "keep")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return s.runPrune(cmd.Context(), f)
	}
	return cmd
}

func (s *session) runPrune(ctx context.Context, f pruneFlags) error {
	bucket, err := f.archive.open(ctx)
	if err != nil {
		return err
	}
	defer bucket.Close()
	told, removed := time.Now(), 0
	p := uploader.Pruner{
		Bucket: bucket, Now: time.Now,
		Retention: archive.Retention{Keep: time.Duration(f.keep), KeepDaily: time.Duration(f.keepDaily), Grace: time.Duration(f.grace)},
		Removed: func(archive.Expired) {
			removed++
			if time.Since(told) >= progressEvery {
				told = time.Now()
				s.log.Info("removing", "removed", removed)
			}
		},
	}
	all, err := timelines.All(ctx, bucket)
	if err != nil || len(all) == 0 {
		all = []int{0} // which tells what is wrong
	}
	for _, p.Timeline = range all {
		kind, prune := "pruned", p.Prune
		if f.dryRun {
			kind, prune = "plan", p.Plan
		}
		e, err := prune(ctx)
		if err != nil {
			return fmt.Errorf("prune timeline %d of %s, %d objects removed: %w", p.Timeline, f.archive.url, removed, err)
		}
		shown := newPruned(kind, e)
		shown.Timeline = p.Timeline
		if err := s.printPruned(shown, f.output.value); err != nil {
			return err
		}
	}
	return nil
}

// pruned is what a prune removes and keeps, as JSON shows it.
type pruned struct {
	Kind      string          `json:"kind"` // "plan"; "pruned" when it was carried out
	Timeline  int             `json:"timeline"`
	From      *zookeeper.Zxid `json:"from"` // every point of the chain from there on is kept; null: nothing is removed for its age
	Daily     []prunedDaily   `json:"daily"`
	Remove    []prunedObject  `json:"remove"`
	Reports   []string        `json:"reports"` // keys of servers' reports that are removed too, beside the timeline
	Bytes     int64           `json:"bytes"`   // of what is removed of the timeline
	Kept      int             `json:"kept"`    // segments and bases
	KeptBytes int64           `json:"keptBytes"`
	Notes     []string        `json:"notes"`
}

type prunedDaily struct {
	At   zookeeper.Zxid `json:"at"`
	Time time.Time      `json:"time"` // when the server finished the snapshot
	Key  string         `json:"key"`  // of the base, below the timeline
}

type prunedObject struct {
	Key   string `json:"key"` // below the timeline
	Bytes int64  `json:"bytes"`
	Why   string `json:"why"`
}

func newPruned(kind string, e archive.Expiry) pruned {
	p := pruned{
		Kind: kind, Kept: e.Kept, KeptBytes: e.KeptBytes, Notes: append([]string{}, e.Notes...),
		Daily: make([]prunedDaily, len(e.Dailies)), Remove: make([]prunedObject, len(e.Remove)), Reports: make([]string, len(e.Reports)),
	}
	for i, r := range e.Reports {
		p.Reports[i] = r.Key
	}
	if e.Windowed {
		p.From = &e.From.End
	}
	for i, d := range e.Dailies {
		p.Daily[i] = prunedDaily{At: d.At, Time: d.Base.Time, Key: d.Base.Key()}
	}
	for i, o := range e.Remove {
		p.Remove[i] = prunedObject{o.Key, o.Size, string(o.Why)}
		p.Bytes += o.Size
	}
	return p
}

func (s *session) printPruned(p pruned, output string) error {
	s.warn(p.Notes)
	if output == formatJSON {
		return json.NewEncoder(s.Stdout).Encode(p)
	}
	verb := map[bool]string{true: "would remove", false: "removed"}[p.Kind == "plan"]
	rows := [][2]string{{"timeline", strconv.Itoa(p.Timeline)}}
	for _, o := range p.Remove {
		rows = append(rows, [2]string{verb, fmt.Sprintf("%s, %s: %s", o.Key, size(o.Bytes), o.Why)})
	}
	for _, key := range p.Reports {
		rows = append(rows, [2]string{verb, key + ": a newer report has replaced it"})
	}
	from := "everything, whatever its age"
	if p.From != nil {
		from = "every point from " + p.From.String() + " on"
	}
	rows = append(rows, [2]string{"keeps", from})
	for _, d := range p.Daily {
		rows = append(rows, [2]string{"keeps", fmt.Sprintf("%s of %s", d.At, d.Time.UTC().Format(time.RFC3339))})
	}
	rows = append(rows, [2]string{"stays", fmt.Sprintf("%d objects, %s", p.Kept, size(p.KeptBytes))},
		[2]string{verb, fmt.Sprintf("%d objects, %s", len(p.Remove)+len(p.Reports), size(p.Bytes))})
	return printRows(s.Stdout, rows)
}
