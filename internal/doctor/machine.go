package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/fsnotify/fsnotify"
	"golang.org/x/sys/unix"
)

// room is what is free for this user on the disk of a directory, in bytes.
func room(dir string) (int64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, fmt.Errorf("ask how much is free on the disk of %s: %w", dir, err)
	}
	free := uint64(st.Bavail) * uint64(st.Bsize)
	return int64(min(free, math.MaxInt64)), nil
}

func (e *examination) checkDisk(context.Context) []Finding {
	free, err := room(e.cfg.DataDir)
	if err != nil {
		return []Finding{warning("%v", err).by("see df %s", e.cfg.DataDir)}
	}
	logs, err := room(e.cfg.LogDir)
	if err != nil {
		return []Finding{warning("%v", err).by("see df %s", e.cfg.LogDir)}
	}
	return append(judgeDisk(e.cfg.DataDir, free, e.data.largestSnapshot()), judgeDisk(e.cfg.LogDir, logs, e.data.logBytes())...)
}

// judgeDisk knows that a restore builds the new data beside the old, which it keeps.
func judgeDisk(dir string, free, needed int64) []Finding {
	if free < needed {
		return []Finding{warning("%s has %s free, and a restore, which keeps the old data, needs about %s", dir, size(free), size(needed)).
			by("make room, or plan to restore with --keep-old=false or on another disk")}
	}
	return []Finding{ok("%s has %s free, and a restore needs about %s", dir, size(free), size(needed))}
}

func size(n int64) string {
	const mib = 1 << 20
	return fmt.Sprintf("%.1f MiB", float64(n)/mib)
}

func (e *examination) checkSpool(context.Context) []Finding {
	dir := e.SpoolDir
	if dir == "" {
		dir = os.TempDir()
	}
	f, err := os.CreateTemp(dir, "zkark-doctor-*")
	if err == nil {
		f.Close()
		err = os.Remove(f.Name())
	}
	free := int64(0)
	if err == nil {
		free, err = room(dir)
	}
	return judgeSpool(dir, free, e.data.largestSnapshot(), err)
}

func judgeSpool(dir string, free, largest int64, err error) []Finding {
	switch {
	case err != nil:
		return []Finding{failure("snapshots cannot be packed in %s: %v", dir, err).by("give --spool-dir a directory that user %s may write to", me())}
	case free < largest:
		return []Finding{warning("%s has %s free, and the largest snapshot is %s: unless it packs well there is no room for it", dir, size(free), size(largest)).
			by("make room, or give --spool-dir a larger disk")}
	}
	return []Finding{ok("%s has room for a packed snapshot", dir)}
}

// watches is what the kernel allows of notifications; -1 where it does not tell.
type watches struct {
	instances, watches int
	err                error // of trying
}

func (e *examination) checkNotify(context.Context) []Finding {
	w := watches{instances: kernelNumber(e.Proc, "max_user_instances"), watches: kernelNumber(e.Proc, "max_user_watches")}
	n, err := fsnotify.NewWatcher()
	w.err = err
	if err == nil {
		if e.known[someData] {
			w.err = n.Add(e.cfg.LogDir)
		}
		n.Close()
	}
	return judgeNotify(w)
}

func kernelNumber(proc, name string) int {
	text, err := os.ReadFile(filepath.Join(proc, "sys/fs/inotify", name))
	if err != nil {
		return -1
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return -1
	}
	return n
}

func judgeNotify(w watches) []Finding {
	const few, fewWatches = 16, 1024 // of one user: other programs need them too
	fix := "sysctl fs.inotify.max_user_instances=512 fs.inotify.max_user_watches=65536, and the same in /etc/sysctl.d"
	switch {
	case w.err != nil:
		return []Finding{warning("no notifications of changes (%v): the sidecar looks every 5 s instead", w.err).by("%s", fix)}
	case w.instances >= 0 && w.instances < few || w.watches >= 0 && w.watches < fewWatches:
		return []Finding{warning("the kernel allows a user %d inotify instances and %d watches, which other programs may use up; the sidecar then looks every 5 s",
			w.instances, w.watches).by("%s", fix)}
	}
	return []Finding{ok("changes in the directories are notified of")}
}

func (e *examination) checkListen(ctx context.Context) []Finding {
	if e.Listen == "" {
		return nil
	}
	l, err := net.Listen("tcp", e.Listen)
	if err == nil {
		l.Close()
	}
	ours := errors.Is(err, syscall.EADDRINUSE) && isSidecar(ctx, e.Listen)
	return judgeListen(e.Listen, ours, err)
}

// isSidecar tells whether a sidecar's metrics are to be had at an address.
func isSidecar(ctx context.Context, address string) bool {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/metrics", nil)
	if err != nil {
		return false
	}
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	return err == nil && strings.Contains(string(text), "\nzkark_")
}

func judgeListen(address string, ours bool, err error) []Finding {
	switch {
	case ours:
		return []Finding{ok("a sidecar listens at %s already", address)}
	case errors.Is(err, syscall.EADDRINUSE):
		return []Finding{failure("--listen %s is taken", address).by("stop what listens there, or give --listen another port")}
	case err != nil:
		return []Finding{failure("--listen %s: %v", address, err).by("give --listen an address of this machine and a free port, as 127.0.0.1:9141")}
	}
	return []Finding{ok("%s is free for metrics and health", address)}
}
