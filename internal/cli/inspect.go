package cli

import (
	"context"
	"errors"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/zkark/zkark/internal/inspect"
)

func newInspect(s *session) *cobra.Command {
	var options inspect.Options
	cmd := &cobra.Command{
		Use:   "inspect FILE…",
		Short: "Show what transaction logs and snapshots hold",
		Long: "inspect shows the records of transaction logs and the summary of snapshots: ZooKeeper's own files, packed or not,\n" +
			"and zkark's archive objects. It only reads, and can look at the files of a running server.",
		Example: "  zkark inspect /var/lib/zookeeper/version-2/log.100000001\n" +
			"  zkark inspect --output json --nodes snapshot.0.gz\n" +
			"  zkark inspect --follow /var/lib/zookeeper/version-2/log.100000001",
	}
	output := outputFlag(cmd)
	cmd.Flags().BoolVar(&options.Nodes, "nodes", false, "show every node of a snapshot before its summary")
	cmd.Flags().BoolVar(&options.Follow, "follow", false, "wait for more records at the end of a log, until Ctrl-C")
	cmd.Args = cobra.ArbitraryArgs
	cmd.RunE = func(cmd *cobra.Command, paths []string) error {
		if len(paths) == 0 {
			return usageError("zkark inspect needs a FILE to show")
		}
		if options.Follow && len(paths) > 1 {
			return usageError("zkark inspect --follow takes one FILE, not %d", len(paths))
		}
		options.JSON = output.value == formatJSON
		options.Note = func(sentence string) { s.say(slog.LevelWarn, sentence) }
		return s.inspectAll(cmd.Context(), paths, options)
	}
	return cmd
}

// inspectAll shows file after file. A bad one does not keep the others from being shown.
func (s *session) inspectAll(ctx context.Context, paths []string, o inspect.Options) error {
	var failed error
	for _, path := range paths {
		err := inspect.File(ctx, s.Stdout, path, o)
		if errors.Is(err, context.Canceled) {
			return err
		}
		if err == nil {
			continue
		}
		if failed != nil {
			s.say(slog.LevelError, failed.Error())
		}
		failed = err
	}
	return failed
}
