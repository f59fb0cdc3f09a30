package cli

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/sidecar"
)

func newCompact(s *session) *cobra.Command {
	var server serverFlags
	var spool string
	cmd := &cobra.Command{
		Use:   "compact --zoo-cfg FILE --archive URL",
		Short: "Archive again as few large segments what the archive holds as many small ones",
		Long: "compact reads the logs of one server, whose directories it only reads, and archives as one segment what the archive\n" +
			"holds as 32 or more small ones of more than an hour ago. It downloads next to nothing and removes nothing: zkark prune\n" +
			"removes the small ones. The sidecar does the same at intervals.",
		Example: "  zkark compact --zoo-cfg /etc/zookeeper/conf/zoo.cfg --archive file:///backup/zk",
		Args:    noArgs,
	}
	server.add(cmd)
	output := outputFlag(cmd)
	cmd.Flags().StringVar(&spool, "spool-dir", "", "where a segment is packed before it is sent (default the system's directory for temporary files)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return s.runCompact(cmd.Context(), server, spool, output.value)
	}
	return cmd
}

// compacted is a segment that was made, as JSON shows it.
type compacted struct {
	Kind string `json:"kind"` // "compacted"
	plannedPiece
}

func (s *session) runCompact(ctx context.Context, server serverFlags, spool, output string) error {
	cfg, err := readZooCfg(server.zooCfg)
	if err != nil {
		return err
	}
	source, err := cfg.MyID()
	if err != nil {
		return configError(err)
	}
	bucket, err := server.archive.open(ctx)
	if err != nil {
		return err
	}
	defer bucket.Close()
	made := 0
	var printed error
	err = sidecar.Compact(ctx, sidecar.Config{
		DataDir: cfg.DataDir, LogDir: cfg.LogDir, Source: source, Bucket: bucket, SpoolDir: spool,
	}, func(seg archive.Segment) {
		made++
		if e := s.printCompacted(seg, output); printed == nil {
			printed = e
		}
	})
	if err != nil {
		return err
	}
	if made == 0 && output != formatJSON {
		_, printed = fmt.Fprintln(s.Stdout, "nothing to compact")
	}
	return printed
}

func (s *session) printCompacted(seg archive.Segment, output string) error {
	if output == formatJSON {
		return json.NewEncoder(s.Stdout).Encode(compacted{"compacted", plannedPiece{seg.Key(), seg.First, seg.Last, seg.Size}})
	}
	return printRows(s.Stdout, [][2]string{{"compacted", fmt.Sprintf("%s–%s, %s", seg.First, seg.Last, size(seg.Size))}})
}
