package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/drills"
	"github.com/zkark/zkark/restore"
	"github.com/zkark/zkark/restore/drill"
)

// zooKeeperHome is the environment variable that names an unpacked release.
const zooKeeperHome = "ZOOKEEPER_HOME"

// sandboxFlags are those of commands that restore in a sandbox and report it.
type sandboxFlags struct {
	archive    archiveFlags
	timeline   int
	dir        string
	noReport   bool
	identities []string
	output     *choice
}

func (f *sandboxFlags) add(cmd *cobra.Command) {
	f.archive.add(cmd)
	require(cmd, "archive")
	f.output = outputFlag(cmd)
	flags := cmd.Flags()
	timelineFlag(flags, &f.timeline)
	flags.StringVar(&f.dir, "dir", "", "where the sandbox is made (default the system's directory for temporary files)")
	flags.BoolVar(&f.noReport, "no-report", false, "leave no report in the archive, to which nothing need be written then")
	flags.StringSliceVar(&f.identities, "identity", nil, "`FILE` with age identities to read encrypted objects with; may be repeated")
}

type drillFlags struct {
	sandboxFlags
	at      string
	boot    bool
	command string
	within  time.Duration
	keep    bool
}

func newDrill(s *session) *cobra.Command {
	var f drillFlags
	cmd := &cobra.Command{
		Use:   "drill --archive URL",
		Short: "Prove that the archive can be restored, in a sandbox",
		Long: "drill restores into a temporary directory, with the same proof as restore, and removes it again. With --boot it also starts a real\n" +
			"ZooKeeper server on it, on free ports of the loopback interface, and compares every znode. When all went well it says so in the\n" +
			"archive, under drills/, so that others can tell when the archive was last proven restorable.",
		Example: "  zkark drill --archive file:///backup/zk --boot",
		Args:    noArgs,
	}
	f.add(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.at, "at", "latest", "the `POINT` to restore, as zkark restore takes it")
	flags.BoolVar(&f.boot, "boot", false, "start a real server on it: of "+zooKeeperHome+", or Debian's package")
	flags.StringVar(&f.command, "server-command", "", "the `COMMAND` that starts a server in the foreground, with {config} for its zoo.cfg; implies --boot")
	flags.DurationVar(&f.within, "within", time.Hour, "how long all of it may take")
	flags.BoolVar(&f.keep, "keep", false, "leave the sandbox where it is")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return s.runDrill(cmd.Context(), f) }
	return cmd
}

func (s *session) runDrill(ctx context.Context, f drillFlags) error {
	to, err := parsePoint(f.at)
	if err != nil {
		return err
	}
	command, err := f.serverCommand()
	if err != nil {
		return err
	}
	c := restore.Config{To: to, Timeline: f.timeline, Quorum: true, Now: time.Now}
	if c.Identities, err = s.readIdentities(f.identities); err != nil {
		return err
	}
	if c.Bucket, err = f.archive.open(ctx); err != nil {
		return err
	}
	defer c.Bucket.Close()
	sandbox, err := os.MkdirTemp(f.dir, "zkark-drill-")
	if err != nil {
		return usageError("--dir: %w", err)
	}
	if !f.keep {
		defer os.RemoveAll(sandbox) // what stays is the system's to clean
	}
	ctx, cancel := context.WithTimeout(ctx, f.within)
	defer cancel()
	r, err := s.drillIn(ctx, c, sandbox, command)
	if err != nil {
		return err
	}
	if !f.noReport {
		if err := drills.Put(ctx, c.Bucket, r); err != nil {
			return fmt.Errorf("report the drill, which went well (--no-report leaves that out): %w", err)
		}
	}
	return s.printDrill(r, f.output.value)
}

// serverCommand is nil where no server is to be started.
func (f drillFlags) serverCommand() (drill.Command, error) {
	switch {
	case f.command != "":
		return drill.ParseCommand(f.command), nil
	case !f.boot:
		return nil, nil
	}
	c, err := drill.FindCommand(os.Getenv(zooKeeperHome))
	if err != nil {
		return nil, usageError("--boot: %w with --server-command", err)
	}
	return c, nil
}

func (s *session) drillIn(ctx context.Context, c restore.Config, sandbox string, command drill.Command) (archive.DrillReport, error) {
	began := time.Now()
	c.DataDir = filepath.Join(sandbox, "data")
	c.LogDir = c.DataDir
	report, err := s.rebuild(ctx, c)
	if err != nil {
		return archive.DrillReport{}, err
	}
	s.warn(report.Plan.Warnings)
	r := archive.DrillReport{
		Target: report.Plan.Target, Records: report.Proof.Applied, Digests: report.Proof.Right, Proof: report.Proof.String(),
	}
	if command != nil {
		booted, err := drill.Boot(ctx, command, sandbox)
		if err != nil {
			return archive.DrillReport{}, fmt.Errorf("boot a server on %s: %w", r.Target, err)
		}
		r.Booted, r.Version, r.Nodes = true, booted.Version, booted.Nodes
	}
	r.Format, r.Time, r.Seconds = archive.Format, time.Now().UTC(), time.Since(began).Seconds()
	return r, nil
}

func (s *session) printDrill(r archive.DrillReport, output string) error {
	if output == formatJSON {
		return json.NewEncoder(s.Stdout).Encode(r)
	}
	rows := [][2]string{{"restorable", r.Target.String()}, {"proof", r.Proof}, {"took", fmt.Sprintf("%.1f s", r.Seconds)}}
	if r.Booted {
		rows = append(rows, [2]string{"booted", fmt.Sprintf("ZooKeeper %s shows the same %d znodes", r.Version, r.Nodes)})
	}
	return printRows(s.Stdout, rows)
}
