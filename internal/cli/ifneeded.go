package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/zoocfg"
	"github.com/zkark/zkark/restore"
	"github.com/zkark/zkark/restore/gate"
	"github.com/zkark/zkark/restore/install"
	"github.com/zkark/zkark/restore/sound"
	"github.com/zkark/zkark/sidecar"
)

// decisionFile is in dataDir, beside version-2: what the last restore --if-needed did, and why.
const decisionFile = "zkark-decision.json"

// shipWithin is how long shipping may hold up a server that starts.
const shipWithin = 20 * time.Second

// The actions of a decision.
const (
	actionNone       = "none"       // the data is sound
	actionCleared    = "cleared"    // it is, and logs that were only begun, which hold nothing, no longer keep the server from starting
	actionRestored   = "restored"   // there was none, or what there was is set aside
	actionFinished   = "finished"   // an interrupted restore was, and its data is sound
	actionStartEmpty = "startEmpty" // there is no archive yet
	actionFailed     = "failed"     // or refused: the error says why
)

// decision is the record of what restore --if-needed did.
type decision struct {
	Kind    string          `json:"kind"` // "decision"
	Time    time.Time       `json:"time"`
	Server  int             `json:"server"` // myid, 0 for a standalone server
	Action  string          `json:"action"`
	Found   sound.State     `json:"found"`             // before
	Shipped bool            `json:"shipped"`           // the archive has all that was found
	Gate    *gate.Decision  `json:"gate,omitempty"`    // of a server of an ensemble that was to be restored
	Whole   bool            `json:"whole"`             // the whole ensemble was lost
	Target  *zookeeper.Zxid `json:"target,omitempty"`  // what was restored
	Kept    []string        `json:"kept,omitempty"`    // where the old data is
	Error   string          `json:"error,omitempty"`   // why it failed
	Warning string          `json:"warning,omitempty"` // why the archive lacks something
}

// runIfNeeded restores where the server has no data that it can start with. It can be run again at any time.
func (s *session) runIfNeeded(cmd *cobra.Command, cfg zoocfg.Config, c restore.Config, f restoreFlags) error {
	ctx := cmd.Context()
	d := decision{Kind: "decision", Time: time.Now().UTC(), Action: actionFailed}
	d.Server, _ = cfg.MyID() // which is looked at again where it matters
	err := s.settleData(cmd, cfg, c, f, &d)
	if err != nil {
		d.Error = err.Error()
	}
	if told := s.tell(cfg, d, f.output.value); told != nil && ctx.Err() == nil {
		s.say(slog.LevelWarn, told.Error())
	}
	return err
}

func (s *session) settleData(cmd *cobra.Command, cfg zoocfg.Config, c restore.Config, f restoreFlags, d *decision) error {
	ctx := cmd.Context()
	_, resumed, err := install.Resume(cfg.DataDir)
	if err != nil {
		return fmt.Errorf("finish the restore of %s that was interrupted: %w", cfg.DataDir, err)
	}
	if d.Found, err = sound.Look(ctx, cfg.DataDir, cfg.LogDir); err != nil {
		return err
	}
	if d.Found.Kind != sound.Empty {
		d.Shipped, d.Warning = s.shipFirst(cmd, cfg, c, f)
	}
	r := &rejoin{}
	if !cfg.Standalone() {
		if r, err = s.newRejoin(cfg, c, f); err != nil {
			return err
		}
		r.holds, r.shipped = d.Found, d.Shipped
	}
	if d.Found.Kind == sound.Sound {
		s.tellHolding(ctx, cfg, r)
		return d.keepSound(ctx, c.Clients, resumed)
	}
	_, err = restore.List(ctx, c.Bucket, c.Timeline)
	if f.orEmpty && d.Found.Kind == sound.Empty && kindOf(err) == exitNothing {
		d.Action = actionStartEmpty
		return nil
	}
	return s.restoreNeeded(ctx, cfg, c, r, d)
}

// keepSound leaves sound data as it is, but for logs that hold nothing and keep the server from starting. A server that runs has got past them,
// or is writing them.
func (d *decision) keepSound(ctx context.Context, clients []string, resumed bool) error {
	var inUse *restore.InUseError
	err := restore.RemoveBegun(ctx, clients, d.Found.Begun)
	running := errors.As(err, &inUse)
	if err != nil && !running {
		return err
	}
	switch {
	case resumed:
		d.Action = actionFinished
	case len(d.Found.Begun) > 0 && !running:
		d.Action = actionCleared
	default:
		d.Action = actionNone
	}
	return nil
}

func (s *session) restoreNeeded(ctx context.Context, cfg zoocfg.Config, c restore.Config, r *rejoin, d *decision) error {
	if !cfg.Standalone() {
		verdict, err := r.decide(ctx)
		d.Gate, d.Whole = &verdict, r.whole
		if err := errors.Join(err, refusal(cfg, verdict)); err != nil {
			return err
		}
		c.WholeEnsemble = r.whole
	}
	report, err := s.rebuild(ctx, c)
	if err != nil {
		return err
	}
	d.Action, d.Target, d.Kept = actionRestored, &report.Plan.Target, report.Kept
	if !cfg.Standalone() {
		r.rejoined(ctx, report)
	}
	return nil
}

// tellHolding takes part in the census with data. That it cannot holds up no start.
func (s *session) tellHolding(ctx context.Context, cfg zoocfg.Config, r *rejoin) {
	if cfg.Standalone() {
		return
	}
	within, cancel := context.WithTimeout(ctx, shipWithin)
	defer cancel()
	if err := r.report(within); err != nil {
		s.log.Warn("the other servers are not told what this one holds", "err", err)
	}
}

// shipFirst adds to the archive what only the server has, as a sidecar that is told to end does. It tells why not, in a sentence.
func (s *session) shipFirst(cmd *cobra.Command, cfg zoocfg.Config, c restore.Config, f restoreFlags) (bool, string) {
	to, err := f.keys.read(cmd)
	if err == nil && len(to) == 0 && encrypted(cmd.Context(), c) {
		err = errors.New("the archive is encrypted: give --encrypt-to")
	}
	id, idErr := cfg.MyID()
	if err = errors.Join(err, idErr); err == nil {
		stop, cancel := context.WithCancel(cmd.Context())
		cancel()
		err = sidecar.New(sidecar.Config{
			DataDir: cfg.DataDir, LogDir: cfg.LogDir, Source: id, Bucket: c.Bucket, Drain: shipWithin, Recipients: to, Log: s.log,
		}).Run(stop)
	}
	if err != nil {
		return false, fmt.Sprintf("what only this server holds is not archived: %v", err)
	}
	return true, ""
}

// encrypted tells whether others cannot read the archive.
func encrypted(ctx context.Context, c restore.Config) bool {
	listing, err := restore.List(ctx, c.Bucket, c.Timeline)
	if err != nil {
		return false
	}
	for _, segment := range listing.Catalog.Segments {
		if segment.Encrypted {
			return true
		}
	}
	for _, base := range listing.Catalog.Bases {
		if base.Encrypted {
			return true
		}
	}
	return false
}

// tell prints the decision and leaves it beside the data.
func (s *session) tell(cfg zoocfg.Config, d decision, output string) error {
	data, err := json.Marshal(d)
	if err != nil {
		return err
	}
	data = append(data, '\n')
	if output == formatJSON {
		_, err = s.Stdout.Write(data)
	} else {
		err = printRows(s.Stdout, d.rows())
	}
	path := filepath.Join(cfg.DataDir, decisionFile)
	if err := errors.Join(err, os.WriteFile(path+".tmp", data, 0o644)); err != nil {
		return fmt.Errorf("record the decision: %w", err)
	}
	return os.Rename(path+".tmp", path)
}

func (d decision) rows() [][2]string {
	rows := [][2]string{{"found", string(d.Found.Kind)}, {"done", d.Action}}
	if d.Found.Reason != "" {
		rows = append(rows, [2]string{"damage", d.Found.Reason})
	}
	if d.Gate != nil {
		rows = append(rows, [2]string{"rejoin", string(d.Gate.Verdict) + ": " + d.Gate.Reason})
	}
	if d.Target != nil {
		rows = append(rows, [2]string{"restored", d.Target.String()})
	}
	if d.Action == actionCleared {
		for _, begun := range d.Found.Begun {
			rows = append(rows, [2]string{"removed", begun + ", which had no transaction yet"})
		}
	}
	for _, kept := range d.Kept {
		rows = append(rows, [2]string{"old data", kept})
	}
	if d.Warning != "" {
		rows = append(rows, [2]string{"warning", d.Warning})
	}
	return rows
}
