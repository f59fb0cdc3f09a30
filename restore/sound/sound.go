package sound

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/snapshot"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

// Kind is what the data is.
type Kind string

// The kinds.
const (
	Empty   Kind = "empty"   // neither a snapshot nor a log
	Sound   Kind = "sound"   // a server starts with it, once no log that was only begun is in its way
	Damaged Kind = "damaged" // a server does not, or loses something
)

// State is what the directories of a stopped server hold.
type State struct {
	Kind   Kind           `json:"kind"`
	Last   zookeeper.Zxid `json:"last,omitzero"`    // the last transaction that could be read
	Reason string         `json:"reason,omitempty"` // of Damaged
	// Begun are the paths of logs of a Sound server that are only begun: see txnlog.OnlyBegun. They hold nothing, and a server does not
	// start before they are out of its way.
	Begun []string `json:"begun,omitempty"`
}

// Look reads dataDir and dataLogDir, the parents of version-2. An error is one of reading directories or of the context: what is wrong
// with a file is in the state.
func Look(ctx context.Context, dataDir, logDir string) (State, error) {
	snapshots, _, err := files(dataDir)
	if err != nil {
		return State{}, err
	}
	_, logs, err := files(logDir)
	if err != nil {
		return State{}, err
	}
	if len(snapshots)+len(logs) == 0 {
		return State{Kind: Empty}, nil
	}
	start, trouble := newest(ctx, snapshots, len(logs) > 0)
	end := ending{last: start}
	if trouble == nil {
		trouble = end.readAll(ctx, continuing(logs, start))
	}
	if ctx.Err() != nil {
		return State{}, context.Cause(ctx)
	}
	if trouble == nil {
		trouble = checkEpochs(dataDir, end.last)
	}
	if trouble != nil {
		return State{Kind: Damaged, Last: end.last, Reason: trouble.Error()}, nil
	}
	return State{Kind: Sound, Last: end.last, Begun: end.begun}, nil
}

// file is a snapshot or a log.
type file struct {
	path   string
	zxid   zookeeper.Zxid // in its name
	packed zookeeper.Compression
}

// files are the snapshots and the logs in a directory, the oldest first.
func files(dir string) (snapshots, logs []file, err error) {
	dir = filepath.Join(dir, zookeeper.VersionDir)
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("look at the data: %w", err)
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if z, c, ok := zookeeper.ParseSnapshotName(e.Name()); ok {
			snapshots = append(snapshots, file{path, z, c})
		}
		if z, ok := zookeeper.ParseLogName(e.Name()); ok {
			logs = append(logs, file{path, z, zookeeper.Plain})
		}
	}
	byZxid := func(a, b file) int { return cmp.Compare(a.zxid, b.zxid) }
	slices.SortFunc(snapshots, byZxid)
	slices.SortFunc(logs, byZxid)
	return snapshots, logs, nil
}

// newest is the start of the newest snapshot that is complete, as a server looks for it (ZooKeeper 3.9 FileSnap.deserialize). A server
// of 3.4 that never took one starts with its log alone.
func newest(ctx context.Context, snapshots []file, logged bool) (zookeeper.Zxid, error) {
	var errs []error
	for _, s := range slices.Backward(snapshots) {
		err := verify(ctx, s)
		if err == nil {
			return s.zxid, nil
		}
		errs = append(errs, err)
	}
	if logged && len(snapshots) == 0 {
		return 0, errors.New("there are logs and no snapshot, with which no server since ZooKeeper 3.5.3 starts")
	}
	return 0, errors.Join(errs...)
}

func verify(ctx context.Context, s file) error {
	f, err := os.Open(s.path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = snapshot.Verify(bufio.NewReaderSize(interruptible{ctx, f}, 1<<20), filepath.Base(s.path), s.packed)
	return err
}

type interruptible struct {
	ctx context.Context
	r   io.Reader
}

func (r interruptible) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.r.Read(p)
}

// continuing are the logs that continue a snapshot, from the one that may hold the record after it.
func continuing(logs []file, start zookeeper.Zxid) []file {
	first := 0
	for i, l := range logs {
		if l.zxid <= start+1 {
			first = i
		}
	}
	return logs[first:]
}

// ending is where logs end that are read one after the other.
type ending struct {
	last  zookeeper.Zxid
	begun []string
}

func (e *ending) readAll(ctx context.Context, logs []file) error {
	for _, l := range logs {
		if err := e.read(ctx, l); err != nil {
			return err
		}
	}
	return nil
}

// read goes to the last record of a log. A hole inside an epoch is lost data.
func (e *ending) read(ctx context.Context, l file) error {
	f, err := os.Open(l.path)
	if err != nil {
		return err
	}
	defer f.Close()
	if begun, err := txnlog.OnlyBegun(f); err != nil || begun {
		e.begun = append(e.begun, l.path)
		return err
	}
	r := txnlog.NewReader(f, filepath.Base(l.path))
	for ctx.Err() == nil {
		rec, err := r.Next()
		var torn *txnlog.TornError
		if err == io.EOF || errors.As(err, &torn) && torn.Offset > 0 {
			return nil
		}
		if err != nil {
			return err
		}
		if rec.Zxid > e.last+1 && rec.Zxid.Epoch() == e.last.Epoch() {
			return fmt.Errorf("%s at offset %d: %s follows %s", filepath.Base(l.path), rec.Offset, rec.Zxid, e.last)
		}
		e.last = max(e.last, rec.Zxid)
	}
	return context.Cause(ctx)
}

// checkEpochs refuses what a server refuses (ZooKeeper 3.9 QuorumPeer.loadDataBase).
func checkEpochs(dataDir string, last zookeeper.Zxid) error {
	current, ok, err := epoch(dataDir, "currentEpoch")
	if err != nil || !ok {
		return err
	}
	if current < last.Epoch() {
		return fmt.Errorf("currentEpoch says %d, older than the last transaction %s", current, last)
	}
	accepted, ok, err := epoch(dataDir, "acceptedEpoch")
	if err == nil && ok && accepted < current {
		err = fmt.Errorf("acceptedEpoch says %d, less than currentEpoch, %d", accepted, current)
	}
	return err
}

func epoch(dataDir, name string) (uint32, bool, error) {
	data, err := os.ReadFile(filepath.Join(dataDir, zookeeper.VersionDir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	n, err := strconv.ParseUint(strings.TrimSpace(string(data)), 10, 32)
	if err != nil {
		return 0, false, fmt.Errorf("%s holds %.20q, which is no epoch", name, data)
	}
	return uint32(n), true, nil
}
