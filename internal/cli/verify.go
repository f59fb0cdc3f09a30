package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/drills"
	"github.com/zkark/zkark/internal/status"
	"github.com/zkark/zkark/restore"
)

type verifyFlags struct {
	sandboxFlags
	full bool
}

func newVerify(s *session) *cobra.Command {
	var f verifyFlags
	cmd := &cobra.Command{
		Use:   "verify --archive URL",
		Short: "Prove that every object of the archive is what it should be",
		Long: "verify lists an archive and checks that what is listed makes whole chains: no gap that no base bridges, no servers that disagree, a way\n" +
			"to the newest record. With --full it reads every object of the timeline: it restores in a sandbox, from each base up to where the next one\n" +
			"takes over, with the same proof as restore, and checks what no restore would read alone. A verification that went well leaves a report, as\n" +
			"a drill does. It ends with exit code 7 where an object is damaged, or listed and not there, or servers disagree, and with 4 where a chain\n" +
			"is not whole. A gap that a base bridges it tells of, and does not count as a failure: its points are lost, and no later ones.",
		Example: "  zkark verify --archive s3://backups/zookeeper/prod --full",
		Args:    noArgs,
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&f.full, "full", false, "read every object, and restore from every base in a sandbox")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return s.runVerify(cmd.Context(), f) }
	return cmd
}

// verification is what verify prints.
type verification struct {
	Kind              string         `json:"kind"` // "verification"
	Sound             bool           `json:"sound"`
	Listed            status.Archive `json:"listed"` // what the names say
	*restore.Verified                // nil without --full
}

func (s *session) runVerify(ctx context.Context, f verifyFlags) error {
	c := restore.Config{Timeline: f.timeline, Now: time.Now}
	var err error
	if c.Identities, err = s.readIdentities(f.identities); err != nil {
		return err
	}
	if c.Bucket, err = f.archive.open(ctx); err != nil {
		return err
	}
	defer c.Bucket.Close()
	v, err := s.verify(ctx, c, f)
	if err != nil {
		return withKeyAdvice(fmt.Errorf("verify %s: %w", f.archive.url, err))
	}
	wrong := v.wrong()
	v.Sound = wrong == nil
	if err := s.printVerification(v, f.output.value); err != nil {
		return err
	}
	if wrong == nil && f.full && !f.noReport {
		if err := drills.Put(ctx, c.Bucket, v.report()); err != nil {
			return fmt.Errorf("report the verification, which went well (--no-report leaves that out): %w", err)
		}
	}
	return wrong
}

func (s *session) verify(ctx context.Context, c restore.Config, f verifyFlags) (verification, error) {
	listing, err := restore.List(ctx, c.Bucket, f.timeline)
	if err != nil {
		return verification{}, err
	}
	if _, ok := listing.Catalog.Newest(); !ok {
		return verification{}, fmt.Errorf("%w: has a sidecar shipped to it yet?", archive.ErrEmpty)
	}
	v := verification{Kind: "verification", Listed: status.Of(f.archive.url, listing.Identity.Cluster, listing.Catalog)}
	v.Listed.Timeline, c.Timeline = listing.Timeline, listing.Timeline
	if !f.full {
		return v, nil
	}
	if c.DataDir, err = os.MkdirTemp(f.dir, "zkark-verify-"); err != nil {
		return v, usageError("--dir: %w", err)
	}
	defer os.RemoveAll(c.DataDir) // what stays is the system's to clean
	progress := s.newProgress()
	c.Observe = progress
	read, err := restore.Verify(ctx, c)
	progress.end(err == nil)
	v.Verified = &read
	return v, err
}

// wrong is why the archive is not sound, with its exit code, or nil.
func (v verification) wrong() error {
	if n := len(v.Listed.Diverged); n > 0 {
		return &codedError{exitUnproven, fmt.Errorf("servers disagree on %s", counted(n, "record"))}
	}
	if v.Verified != nil && len(v.Findings) > 0 {
		return &codedError{exitUnproven, fmt.Errorf("%s wrong with what was read", counted(len(v.Findings), "thing"))}
	}
	if !v.Listed.Whole() || v.Verified != nil && len(v.Chains) == 0 {
		return &codedError{exitNoChain, errors.New("the newest record cannot be restored")}
	}
	for _, g := range v.Listed.Gaps {
		if !g.Bridged {
			return &codedError{exitNoChain, fmt.Errorf("no base bridges a gap: %s", g.Text)}
		}
	}
	return nil
}

// report is that of a drill: the newest chain was restored and proven, and more.
func (v verification) report() archive.DrillReport {
	newest := v.Chains[0]
	return archive.DrillReport{
		Time: time.Now(), Target: newest.Target, Records: v.Records, Digests: v.Digests,
		Proof: fmt.Sprintf("%s; all %d objects of timeline %d were read", newest.Proof, v.Objects, v.Timeline),
	}
}

func (s *session) printVerification(v verification, output string) error {
	if output == formatJSON {
		return json.NewEncoder(s.Stdout).Encode(v)
	}
	_, err := fmt.Fprint(s.Stdout, v.page(s.screen(), time.Now()))
	return err
}
