package cli

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/zkark/zkark/internal/doctor"
	"github.com/zkark/zkark/internal/inspect"
	"github.com/zkark/zkark/internal/store"
	"github.com/zkark/zkark/internal/zookeeper/zoocfg"
)

type doctorFlags struct {
	server    serverFlags
	keys      recipientFlags
	zooKeeper zooKeeperFlags
	spool     string
	listen    string
	keep      period
	output    *choice
}

func newDoctor(s *session) *cobra.Command {
	var f doctorFlags
	cmd := &cobra.Command{
		Use:   "doctor --zoo-cfg FILE --archive URL",
		Short: "Try everything that a sidecar needs, and say what to change",
		Long: "doctor takes the flags that the sidecar is to run with, and tries everything: the server's directories, ZooKeeper itself, the machine's\n" +
			"limits, the clock, and what the store allows. Run it as the user and on the machine of the sidecar. It changes nothing of ZooKeeper's;\n" +
			"in the store it creates one object, doctor/probe, and removes it where it may. Its exit code is 1 when something fails, 0 when nothing does.\n\n" +
			"What the configuration file says in the section sidecar holds for doctor too.",
		Example: "  zkark doctor --zoo-cfg /etc/zookeeper/conf/zoo.cfg --archive s3://backups/zookeeper/prod",
		Args:    noArgs,
	}
	f.server.add(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.spool, "spool-dir", "", "the sidecar's `DIRECTORY` to pack snapshots in (default the system's directory for temporary files)")
	flags.StringVar(&f.listen, "listen", "", "the sidecar's `ADDRESS` for metrics and health, as 127.0.0.1:9141")
	flags.Var(&f.keep, "prune-keep", "the sidecar's: it has to be allowed to delete when it is given")
	f.keys.add(cmd)
	f.zooKeeper.add(cmd)
	f.output = outputFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		recipients, err := f.keys.read(cmd)
		if err != nil {
			return err
		}
		return s.runDoctor(cmd.Context(), f, len(recipients) > 0)
	}
	return cmd
}

func (s *session) runDoctor(ctx context.Context, f doctorFlags, encrypts bool) error {
	setup := doctor.Setup{
		ZooCfg: f.server.zooCfg, Archive: f.server.archive.url, SpoolDir: f.spool, Listen: f.listen, Encrypts: encrypts, Prunes: f.keep > 0,
		Server: func(cfg zoocfg.Config) (string, *tls.Config, error) { return f.zooKeeper.whereAndHow(cfg) },
		Open:   func(ctx context.Context) (store.Bucket, error) { return f.server.archive.open(ctx) },
		Now:    time.Now,
	}
	counts := map[doctor.Severity]int{}
	sc := s.screen()
	for finding := range doctor.Examine(ctx, setup) {
		counts[finding.Severity]++
		if err := s.printFinding(sc, finding, f.output.value); err != nil {
			return err
		}
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if n := counts[doctor.Failure]; n > 0 {
		return fmt.Errorf("%s will not work like this, besides %s", count(n, "thing"), count(counts[doctor.Warning], "warning"))
	}
	if f.output.value != formatJSON {
		_, err := fmt.Fprintf(s.Stdout, "nothing fails; %s\n", count(counts[doctor.Warning], "warning"))
		return err
	}
	return nil
}

// whereAndHow is where the own server is asked, "" when that is not known, and the TLS for it.
func (f zooKeeperFlags) whereAndHow(cfg zoocfg.Config) (string, *tls.Config, error) {
	t, err := f.tls()
	if err != nil {
		return "", nil, err
	}
	if _, err := f.readAuth(); err != nil {
		return "", nil, err
	}
	address, err := f.address(cfg)
	return address, t, err
}

// shownFinding is a finding as JSON shows it.
type shownFinding struct {
	Kind string `json:"kind"` // "finding"
	doctor.Finding
}

func (s *session) printFinding(sc screen, f doctor.Finding, output string) error {
	if output == formatJSON {
		return json.NewEncoder(s.Stdout).Encode(shownFinding{"finding", f})
	}
	sign := sc.sign(f.Severity)
	if _, err := fmt.Fprintf(s.Stdout, "%s %s: %s\n", sign, f.Check, sc.show(inspect.Line(f.Sentence))); err != nil || f.Fix == "" {
		return err
	}
	_, err := fmt.Fprintf(s.Stdout, "%*s %s: %s\n", sc.signWidth(), "", "to do", sc.show(inspect.Line(f.Fix)))
	return err
}

// sign is how a line of a severity begins: a character on terminals that have it, a word elsewhere.
func (s screen) sign(severity doctor.Severity) string {
	if !s.unicode || !s.terminal {
		return fmt.Sprintf("%-*s", s.signWidth(), severity)
	}
	switch severity {
	case doctor.Failure:
		return "✗"
	case doctor.Warning:
		return "!"
	case doctor.Note:
		return "·"
	}
	return "✓"
}

func (s screen) signWidth() int {
	if s.unicode && s.terminal {
		return 1
	}
	return len(doctor.Failure)
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
