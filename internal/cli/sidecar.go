package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/store/throttle"
	"github.com/zkark/zkark/internal/zookeeper/zoocfg"
	"github.com/zkark/zkark/sidecar"
	"github.com/zkark/zkark/sidecar/health"
)

func newSidecar(s *session) *cobra.Command {
	var server serverFlags
	var keys recipientFlags
	var zooKeeper zooKeeperFlags
	var listen string
	c := sidecar.Config{BaseBytes: 1 << 30}
	keep, keepDaily := period(0), period(0)
	cmd := &cobra.Command{
		Use:   "sidecar --zoo-cfg FILE --archive URL",
		Short: "Ship a server's transaction logs and snapshots, all the time",
		Long: "sidecar runs beside one ZooKeeper server, whose directories it only reads, and adds to the archive what the archive\n" +
			"lacks. It can start before the server and outlive it. On SIGTERM it ships what is left and ends; its exit code is 0\n" +
			"only when nothing is left.\n\n" +
			"Now and then it asks ZooKeeper how far it is, by the four-letter word srvr, which changes nothing. ZooKeeper need not\n" +
			"answer, nor run.",
		Example: "  zkark sidecar --zoo-cfg /etc/zookeeper/conf/zoo.cfg --archive file:///backup/zk",
		Args:    noArgs,
	}
	server.add(cmd)
	flags := cmd.Flags()
	flags.Float64Var(&c.SyncRate, "sync-rate", 1, "how often a second all the sidecars of the ensemble together add to the archive")
	flags.DurationVar(&c.BaseInterval, "base-interval", 6*time.Hour, "time after which a newer snapshot is archived too")
	flags.Var((*byteSize)(&c.BaseBytes), "base-bytes", "`SIZE` of log after which a newer snapshot is archived too")
	flags.DurationVar(&c.Drain, "drain-timeout", 20*time.Second, "how long shipping what is left may take at the end")
	flags.StringVar(&c.SpoolDir, "spool-dir", "", "where a snapshot is packed before it is sent (default the system's directory for temporary files)")
	flags.DurationVar(&c.CompactEvery, "compact-every", time.Hour, "how often small segments are archived again as few large ones, 0 for never")
	flags.Var(&keep, "prune-keep", "prune once an hour, and keep every restore point for this long, as 7d; off when not given")
	flags.Var(&keepDaily, "prune-keep-daily", "when pruning, keep one restore point a day for this long")
	flags.StringVar(&listen, "listen", "", "the `ADDRESS` for metrics and health, as 127.0.0.1:9141; none when not given")
	keys.add(cmd)
	zooKeeper.add(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c.Prune = archive.Retention{Keep: time.Duration(keep), KeepDaily: time.Duration(keepDaily), Grace: defaultGrace}
		var err error
		if c.Recipients, err = keys.read(cmd); err != nil {
			return err
		}
		return s.runSidecar(cmd, server, zooKeeper, c, listen)
	}
	return cmd
}

func (s *session) runSidecar(cmd *cobra.Command, server serverFlags, zooKeeper zooKeeperFlags, c sidecar.Config, listen string) error {
	ctx := cmd.Context()
	if err := errors.Join(checkSidecar(c), checkSpool(c.SpoolDir)); err != nil {
		return err
	}
	cfg, err := readZooCfg(server.zooCfg)
	if err != nil {
		return err
	}
	if c.Source, err = cfg.MyID(); err != nil {
		return configError(err)
	}
	if c.Prober, err = zooKeeper.prober(s, cfg, c.Source); err != nil {
		return err
	}
	driver, err := server.archive.openDriver(ctx)
	if err != nil {
		return err
	}
	bucket := throttle.New(driver, int64(server.archive.maxRate)) // a reload may bound the rate later
	defer bucket.Close()
	c.DataDir, c.LogDir, c.Bucket, c.Log = cfg.DataDir, cfg.LogDir, bucket, s.log
	c.Ensemble = newEnsemble(cfg, time.Now, s.log).current
	s.log.Info("the sidecar starts", "archive", server.archive.url, "source", c.Source, "dataDir", c.DataDir, "dataLogDir", c.LogDir, "recipients", len(c.Recipients))
	return s.whileReloading(ctx, cmd, bucket, func() error { return runHealthy(ctx, c, listen) })
}

// whileReloading heeds signals to read the configuration again until work is done.
func (s *session) whileReloading(ctx context.Context, cmd *cobra.Command, bucket *throttle.Bucket, work func() error) error {
	working, stop := context.WithCancel(ctx)
	r := reloader{s, cmd, bucket}
	var reloads sync.WaitGroup
	reloads.Go(func() { r.run(working) })
	defer reloads.Wait()
	defer stop()
	return work()
}

// runHealthy runs a sidecar and, when somebody listens, tells how it does until it has ended.
func runHealthy(ctx context.Context, c sidecar.Config, listen string) error {
	if listen == "" {
		return sidecar.New(c).Run(ctx)
	}
	if _, _, err := net.SplitHostPort(listen); err != nil {
		return usageError("--listen %q: want HOST:PORT: %w", listen, err)
	}
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	h := health.New(version())
	c.Bucket = h.Watch(c.Bucket)
	companion := sidecar.New(c)
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	served := make(chan error, 1)
	go func() { served <- h.Serve(serving, l, companion) }()
	err = companion.Run(ctx)
	stop()
	return errors.Join(err, <-served)
}

func checkSidecar(c sidecar.Config) error {
	if err := checkSyncRate(c.SyncRate); err != nil {
		return err
	}
	switch {
	case c.BaseInterval <= 0:
		return usageError("--base-interval: want a time above 0, as 6h, not %s", c.BaseInterval)
	case c.BaseBytes <= 0:
		return usageError("--base-bytes: want a number above 0, not %d", c.BaseBytes)
	case c.CompactEvery < 0:
		return usageError("--compact-every: want a time above 0, as 1h, or 0 for never, not %s", c.CompactEvery)
	case c.Prune.KeepDaily > 0 && c.Prune.Keep == 0:
		return usageError("--prune-keep-daily needs --prune-keep")
	case c.Drain <= 0:
		return usageError("--drain-timeout: want a time above 0, as 20s, not %s", c.Drain)
	}
	return nil
}

// checkSpool refuses a directory in which no snapshot could ever be packed. What may change by itself, as a disk that is full, it lets
// pass: the log is archived without a spool.
func checkSpool(dir string) error {
	if dir == "" {
		return nil
	}
	f, err := os.CreateTemp(dir, "zkark-spool-*")
	if err == nil {
		err = errors.Join(f.Close(), os.Remove(f.Name()))
	}
	for _, mistake := range []error{fs.ErrNotExist, fs.ErrPermission, syscall.ENOTDIR, syscall.EROFS} {
		if errors.Is(err, mistake) {
			return usageError("--spool-dir %q: snapshots cannot be packed there: %w", dir, err)
		}
	}
	return nil
}

func checkSyncRate(rate float64) error {
	if !(rate > 0) || math.IsInf(rate, 0) {
		return usageError("--sync-rate: want a number above 0, not %v", rate)
	}
	return nil
}

func readZooCfg(path string) (zoocfg.Config, error) {
	cfg, err := zoocfg.Read(path)
	if err != nil {
		return zoocfg.Config{}, configError(err)
	}
	return cfg, nil
}

func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError("%s takes no argument: what is %q?", cmd.CommandPath(), args[0])
	}
	return nil
}
