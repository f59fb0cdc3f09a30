package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"time"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
	"github.com/zkark/zkark/internal/zookeeper/zoocfg"
)

// data is what there is in a server's directories.
type data struct {
	logs, snapshots []dataFile // in order of zxid
	misplaced       string     // a log where only snapshots belong, or the other way round

	records bool // a log has one
	digest  bool // and the newest has a digest
	last    zookeeper.Zxid
	time    time.Time // of the newest record, by the leader's clock
}

type dataFile struct {
	path string
	zxid zookeeper.Zxid // in the name
	size int64
}

// newest is the highest zxid that is to be seen.
func (d data) newest() zookeeper.Zxid {
	newest := d.last
	if n := len(d.snapshots); n > 0 {
		newest = max(newest, d.snapshots[n-1].zxid)
	}
	return newest
}

// logBytes is what all logs hold, with what servers allocate ahead.
func (d data) logBytes() (n int64) {
	for _, f := range d.logs {
		n += f.size
	}
	return n
}

func (d data) largestSnapshot() (n int64) {
	for _, f := range d.snapshots {
		n = max(n, f.size)
	}
	return n
}

func (e *examination) checkDirectories(ctx context.Context) []Finding {
	d, err := readData(ctx, e.cfg)
	findings := judgeDirectories(e.cfg, d, err)
	if err == nil || errors.Is(err, errNoVersion) {
		e.data, e.known[someData] = d, true
	}
	return findings
}

// errNoVersion is of a directory in which no server has run yet.
var errNoVersion = errors.New("there is no version-2")

func judgeDirectories(cfg zoocfg.Config, d data, err error) []Finding {
	switch {
	case errors.Is(err, errNoVersion):
		return []Finding{note("%v: ZooKeeper has not run there yet", err)}
	case errors.Is(err, fs.ErrNotExist):
		return []Finding{failure("%v", err).by("create it, mount the volume that it is on, or correct dataDir and dataLogDir in %s", cfg.Path)}
	case errors.Is(err, fs.ErrPermission):
		return []Finding{failure("%v, as user %s", err, me()).by("run zkark as ZooKeeper's user, or give this one the right to read: "+
			"setfacl -R -m u:%s:rX -m d:u:%s:rX %s %s", me(), me(), cfg.DataDir, cfg.LogDir)}
	case err != nil:
		return []Finding{failure("%v", err).by("see whether the disk is sound, and zkark inspect FILE")}
	case d.misplaced != "":
		return []Finding{failure("%s is in the wrong place: dataDir is for snapshots and dataLogDir for logs, and ZooKeeper does not start like this", d.misplaced).
			by("move log.* to %s and snapshot.* to %s, with ZooKeeper stopped", version(cfg.LogDir), version(cfg.DataDir))}
	}
	return []Finding{ok("%d logs and %d snapshots can be read; nothing is ever written there", len(d.logs), len(d.snapshots))}
}

func me() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return fmt.Sprint(os.Getuid())
}

func version(dir string) string { return filepath.Join(dir, zookeeper.VersionDir) }

func readData(ctx context.Context, cfg zoocfg.Config) (d data, err error) {
	for _, dir := range []string{cfg.DataDir, cfg.LogDir} {
		if _, err := os.ReadDir(dir); err != nil {
			return d, err
		}
	}
	shared := cfg.DataDir == cfg.LogDir
	if d, err = d.list(cfg.DataDir, shared, true); err != nil {
		return d, err
	}
	if !shared {
		if d, err = d.list(cfg.LogDir, true, false); err != nil {
			return d, err
		}
	}
	for _, files := range [][]dataFile{d.logs, d.snapshots} {
		for _, f := range files {
			if err := readable(f.path); err != nil {
				return d, err
			}
		}
	}
	for i := len(d.logs) - 1; i >= 0 && !d.records; i-- {
		err := eachRecord(ctx, d.logs[i].path, func(r txnlog.Record) bool {
			t, undecoded := r.Decode()
			d.records, d.last, d.time = true, r.Zxid, time.UnixMilli(r.Time)
			d.digest = undecoded == nil && t.Digest != nil
			return true
		})
		if err != nil {
			return d, err
		}
	}
	return d, nil
}

// list adds the files of one directory, of the kinds that belong there.
func (d data) list(dir string, logs, snapshots bool) (data, error) {
	entries, err := os.ReadDir(version(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return d, fmt.Errorf("%s: %w", dir, errNoVersion)
	}
	if err != nil {
		return d, err
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			continue // it was purged meanwhile
		}
		f := dataFile{path: filepath.Join(version(dir), entry.Name()), size: info.Size()}
		isLog, isSnapshot := false, false
		if f.zxid, isLog = zookeeper.ParseLogName(entry.Name()); isLog {
			d.logs = insert(d.logs, f)
		} else if f.zxid, _, isSnapshot = zookeeper.ParseSnapshotName(entry.Name()); isSnapshot {
			d.snapshots = insert(d.snapshots, f)
		}
		if isLog && !logs || isSnapshot && !snapshots {
			d.misplaced = f.path
		}
	}
	return d, nil
}

// insert keeps files in order of zxid: names do not sort like that.
func insert(files []dataFile, f dataFile) []dataFile {
	i := len(files)
	for i > 0 && files[i-1].zxid > f.zxid {
		i--
	}
	return append(files[:i], append([]dataFile{f}, files[i:]...)...)
}

func readable(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it was purged meanwhile
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// eachRecord reads a log as far as it goes, or until see has seen enough. A record that is not complete ends it.
func eachRecord(ctx context.Context, path string, see func(txnlog.Record) bool) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	r := txnlog.NewReader(f, path)
	for {
		record, err := r.Next()
		var torn *txnlog.TornError
		if errors.Is(err, io.EOF) || errors.As(err, &torn) {
			return nil
		}
		if err != nil {
			return err
		}
		if !see(record) {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// local is the record with a zxid, where the logs have it.
func (d data) local(ctx context.Context, z zookeeper.Zxid) (found txnlog.Header, there bool) {
	for i := len(d.logs) - 1; i >= 0; i-- {
		if d.logs[i].zxid > z {
			continue
		}
		_ = eachRecord(ctx, d.logs[i].path, func(r txnlog.Record) bool { // what cannot be read was told of before
			if r.Zxid == z {
				found, there = r.Header, true
			}
			return r.Zxid < z
		})
		return found, there
	}
	return found, false
}

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
