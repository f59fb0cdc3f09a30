package tail

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/zkark/zkark/internal/zookeeper"
)

// entry is a file in one of ZooKeeper's directories, as a listing tells it.
type entry struct {
	name string
	zxid zookeeper.Zxid
	info fs.FileInfo
}

// Snapshot is a snapshot file in the directory, perhaps still being written.
type Snapshot struct {
	Name        string
	Start       zookeeper.Zxid
	Compression zookeeper.Compression
	Size        int64     // bytes, as packed
	ModTime     time.Time // when it was last written

	info fs.FileInfo
}

// listLogs reads the logs of a directory, in order of the zxids in their names. Other names than log.<hex> are not looked at,
// although ZooKeeper itself may load them. A directory that is not there yet holds nothing.
func listLogs(dir string) ([]entry, error) {
	return list(dir, zookeeper.ParseLogName)
}

// listSnapshots reads the snapshots of a directory, oldest first.
func listSnapshots(dir string) ([]Snapshot, error) {
	entries, err := list(dir, func(name string) (zookeeper.Zxid, bool) {
		start, _, ok := zookeeper.ParseSnapshotName(name)
		return start, ok
	})
	var snapshots []Snapshot
	for _, e := range entries {
		_, c, _ := zookeeper.ParseSnapshotName(e.name)
		snapshots = append(snapshots, Snapshot{
			Name: e.name, Start: e.zxid, Compression: c, Size: e.info.Size(), ModTime: e.info.ModTime(), info: e.info,
		})
	}
	return snapshots, err
}

func list(dir string, parse func(string) (zookeeper.Zxid, bool)) ([]entry, error) {
	files, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", dir, err)
	}
	var entries []entry
	for _, f := range files {
		zxid, ok := parse(f.Name())
		if !ok {
			continue
		}
		info, err := os.Stat(filepath.Join(dir, f.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted meanwhile
		}
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", dir, err)
		}
		if info.Mode().IsRegular() {
			entries = append(entries, entry{f.Name(), zxid, info})
		}
	}
	slices.SortFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.zxid, b.zxid), cmp.Compare(a.name, b.name))
	})
	return entries, nil
}

// unchanged tells whether two looks at a file saw the same file, and nothing written in between as far as its times tell.
func unchanged(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}
