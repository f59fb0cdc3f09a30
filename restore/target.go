package restore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

// answerWithin is how long a server on this machine may take to accept a connection.
const answerWithin = 2 * time.Second

// InUseError is returned when a server answers that would be using the directory.
type InUseError struct{ Address string }

// Error says what to do.
func (e *InUseError) Error() string {
	return fmt.Sprintf("something answers on %s, the server's client port: stop the server before restoring its data", e.Address)
}

func notInUse(ctx context.Context, clients []string) error {
	d := net.Dialer{Timeout: answerWithin}
	for _, address := range clients {
		conn, err := d.DialContext(ctx, "tcp", address)
		if err == nil {
			conn.Close()
			return &InUseError{Address: address}
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return nil
}

// newestLocal is the last transaction in a server's own files, by its logs and the names of its snapshots. It is not ok when there is
// none. What cannot be read as a log counts up to where it can. Counter 0 is no transaction: a leader's, or a restore's, new beginning.
func newestLocal(dataDir, logDir string) (newest zookeeper.Zxid, ok bool, err error) {
	snapshots, err := names(dataDir)
	if err != nil {
		return 0, false, err
	}
	for _, name := range snapshots {
		if start, _, is := zookeeper.ParseSnapshotName(name); is && start.Counter() > 0 {
			newest, ok = max(newest, start), true
		}
	}
	logged, any, err := newestLogged(logDir)
	return max(newest, logged), ok || any, err
}

// newestLogged reads the newest log that holds a record.
func newestLogged(logDir string) (zookeeper.Zxid, bool, error) {
	all, err := names(logDir)
	if err != nil {
		return 0, false, err
	}
	var firsts []zookeeper.Zxid
	for _, name := range all {
		if first, is := zookeeper.ParseLogName(name); is {
			firsts = append(firsts, first)
		}
	}
	slices.Sort(firsts)
	for _, first := range slices.Backward(firsts) {
		last, ok, err := lastRecord(filepath.Join(logDir, zookeeper.VersionDir, zookeeper.LogName(first)))
		if ok || err != nil {
			return last, ok, err
		}
	}
	return 0, false, nil
}

// lastRecord reads a log up to its end or to where it is damaged.
func lastRecord(path string) (last zookeeper.Zxid, ok bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, false, fmt.Errorf("look at the old data: %w", err)
	}
	defer f.Close()
	r := txnlog.NewReader(f, filepath.Base(path))
	for {
		rec, err := r.Next()
		if err != nil {
			return last, ok, nil
		}
		last, ok = max(last, rec.Zxid), true
	}
}

func names(dir string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(dir, zookeeper.VersionDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("look at the old data: %w", err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, nil
}
