package cli

import (
	"context"
	"log/slog"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/zkark/zkark/internal/store/throttle"
)

// reloader takes over what has changed in the configuration file while a command runs.
type reloader struct {
	*session
	cmd    *cobra.Command // with the values that hold
	bucket *throttle.Bucket
}

// run reloads at each signal until the context ends.
func (r *reloader) run(ctx context.Context) {
	if r.Hangups == nil {
		return
	}
	signals, stop := r.Hangups()
	defer stop()
	r.log.Debug("the sidecar heeds SIGHUP")
	for {
		select {
		case <-ctx.Done():
			return
		case <-signals:
			r.reload()
		}
	}
}

// reload reads everything again. What is wrong changes nothing.
func (r *reloader) reload() {
	fresh, err := r.again()
	if err != nil {
		r.log.Error("the configuration is not reloaded, and everything stays as it was", "err", err)
		return
	}
	changed := 0
	r.cmd.Flags().VisitAll(func(old *pflag.Flag) {
		f := fresh.Flags().Lookup(old.Name)
		if f == nil || f.Value.String() == old.Value.String() {
			return
		}
		changed++
		r.take(old, f)
	})
	r.log.Info("the configuration is reloaded", "changed", changed)
}

// again is the command with the values that it would start with now.
func (r *reloader) again() (*cobra.Command, error) {
	root := newRoot(&session{Process: r.Process})
	cmd, rest, err := root.Find(r.args)
	if err != nil {
		return nil, err
	}
	if err := cmd.ParseFlags(rest); err != nil {
		return nil, err
	}
	if _, err := settle(cmd, r.LookupEnv); err != nil {
		return nil, err
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(cmd.Flags().Lookup(logLevelFlag).Value.String())); err != nil {
		return nil, usageError("--%s: %w", logLevelFlag, err)
	}
	return cmd, nil
}

// take makes one change. The old flag gets the value only where that holds from now on.
func (r *reloader) take(old, f *pflag.Flag) {
	was, is := discreet(old.Value.String()), discreet(f.Value.String())
	switch old.Name {
	case logLevelFlag:
		_ = old.Value.Set(f.Value.String()) // which has been checked
		_ = r.setLevel(f.Value.String())
	case maxRateFlag:
		rate, ok := f.Value.(*byteSize)
		if !ok || r.bucket == nil {
			return
		}
		_ = old.Value.Set(f.Value.String())
		r.bucket.SetRate(int64(*rate))
	default:
		r.log.Warn("a change of the configuration waits for a restart", "flag", old.Name, "now", was, "then", is)
		return
	}
	r.log.Info("a change of the configuration holds from now on", "flag", old.Name, "was", was, "is", is)
}
