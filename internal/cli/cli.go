package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/zkark/zkark/internal/inspect"
)

// Process is what a command sees of the process it runs in.
type Process struct {
	Stdout    io.Writer // results
	Stderr    io.Writer // logs, notes and the sentence that a failure ends with
	LookupEnv func(name string) (string, bool)

	// Hangups begins to tell of signals that ask to read the configuration again, until stop is called. It may be nil.
	Hangups func() (signals <-chan os.Signal, stop func())
}

// Run runs one command line, without the program's name, and returns the exit code. A context that ends with an
// Interruption makes the command stop in an orderly way.
func Run(ctx context.Context, args []string, p Process) int {
	s := &session{Process: p, args: args, log: slog.New(slog.NewJSONHandler(p.Stderr, nil))}
	root := newRoot(s)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err != nil {
		s.say(slog.LevelError, err.Error())
	}
	return codeOf(ctx, err)
}

// Commands is the tree of all commands, to write about and not to be run: for manual pages and the completions of shells.
func Commands() *cobra.Command { return newRoot(&session{}) }

// session is one run of a command: the process, and what the flags that every command has made of it.
type session struct {
	Process
	args     []string
	origins  map[string]origin // of the flags that were set
	log      *slog.Logger
	level    slog.LevelVar
	logLevel string
	logForm  choice
	config   string // path of the configuration file
}

func newRoot(s *session) *cobra.Command {
	root := &cobra.Command{
		Use:   "zkark",
		Short: "Continuous backup and point-in-time recovery for Apache ZooKeeper",
		Long: "zkark runs beside a ZooKeeper server, ships its transaction logs and snapshots to an archive within\n" +
			"seconds, and rebuilds the server's data directory from there.",
		Version:           version(),
		Args:              cobra.ArbitraryArgs,
		SilenceErrors:     true,
		SilenceUsage:      true,
		PersistentPreRunE: s.start,
		RunE:              noCommand,
	}
	root.SetOut(s.Stdout)
	root.SetErr(s.Stderr)
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetUsageTemplate(root.UsageTemplate() + flagNote + "\n" + exitTable())
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError("%w: see %s --help", err, cmd.CommandPath())
	})
	root.SuggestionsMinimumDistance = 2
	s.logForm = choice{"text", []string{"text", formatJSON}}
	flags := root.PersistentFlags()
	flags.StringVar(&s.config, configFlag, defaultConfig, "the configuration `FILE`, which need not be there when it is not named")
	flags.StringVar(&s.logLevel, logLevelFlag, "info", "log from this `level` on: debug, info, warn or error")
	flags.Var(&s.logForm, "log-format", "how to log, and to tell what failed")
	root.AddCommand(newSidecar(s), newRestore(s), newRecover(s), newDrill(s), newPrune(s), newCompact(s))
	root.AddCommand(newTimeline(s), newStatus(s), newVerify(s), newInspect(s), newDoctor(s), newConfig(s), newHealthcheck(s))
	return root
}

const flagNote = `
Every flag can be given in the environment too: ZKARK_ and its name in capitals, as ZKARK_LOG_LEVEL; and in
the configuration file under its name. A flag wins over the environment, and that over the file.
`

// start is what precedes every command: the environment and the configuration file, then the checks that the flag library leaves to us.
func (s *session) start(cmd *cobra.Command, _ []string) error {
	if strings.HasPrefix(cmd.Name(), cobra.ShellCompRequestCmd) {
		return nil // a shell asks what could come next, whatever else is wrong
	}
	var err error
	if s.origins, err = settle(cmd, s.LookupEnv); err != nil {
		return err
	}
	if err := s.setLevel(s.logLevel); err != nil {
		return err
	}
	s.log = newLogger(s.Stderr, &s.level, s.logForm.value)
	return checkRequired(cmd)
}

func noCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usageError("which command? See zkark --help")
	}
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		return usageError("unknown command %q: did you mean %q? See zkark --help", args[0], near[0])
	}
	return usageError("unknown command %q: see zkark --help", args[0])
}

// say tells a person a sentence, or a log collector a record. Joined errors are as many of them.
func (s *session) say(level slog.Level, sentence string) {
	for line := range strings.SplitSeq(sentence, "\n") {
		if s.logForm.value == formatJSON {
			s.log.Log(context.Background(), level, line)
		} else {
			fmt.Fprintln(s.Stderr, "zkark: "+inspect.Line(line))
		}
	}
}
