package restore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/zookeeper"
)

// seen is the highest zxid that anybody is known to have seen, as a zxid: a server refuses a client that has seen more than
// the server has, and a zxid that is given twice poisons clients and archives. An epoch without a transaction counts as its zxid 0.
func (a opened) seen(ctx context.Context, cfg Config) (zookeeper.Zxid, error) {
	seen, err := a.heldAnywhere(ctx)
	if err != nil {
		return 0, err
	}
	local, _, err := newestLocal(cfg.DataDir, cfg.LogDir)
	if err != nil {
		return 0, err
	}
	epoch, err := localEpoch(cfg.DataDir)
	if err != nil {
		return 0, err
	}
	reported, err := a.reported(ctx)
	return max(seen, local, zookeeper.MakeZxid(epoch, 0), reported), err
}

// heldAnywhere is held, of the newest timeline too.
func (a opened) heldAnywhere(ctx context.Context) (zookeeper.Zxid, error) {
	newest, err := open(ctx, a.bucket, 0)
	return max(a.held(), newest.held()), err
}

// held is the highest zxid in any name of the timeline, on dead branches too.
func (a opened) held() (highest zookeeper.Zxid) {
	for _, s := range a.catalog.Segments {
		highest = max(highest, s.Last)
	}
	for _, b := range a.catalog.Bases {
		highest = max(highest, b.End)
	}
	return highest
}

// reported is the highest zxid, or epoch, in what servers last said of themselves.
func (a opened) reported(ctx context.Context) (highest zookeeper.Zxid, err error) {
	var objects []archive.Object
	for o, err := range a.bucket.List(ctx, archive.ReportPrefix, "") {
		if err != nil {
			return 0, fmt.Errorf("list the servers' reports: %w", err)
		}
		objects = append(objects, archive.Object{Key: o.Key, Size: o.Size, Modified: o.Modified})
	}
	for _, ref := range archive.NewestReports(objects) {
		r, err := readReport(ctx, a.bucket, ref.Key)
		if err != nil {
			return 0, err
		}
		highest = max(highest, r.Logged, r.Committed, r.Archived, zookeeper.MakeZxid(max(r.AcceptedEpoch, r.CurrentEpoch), 0))
		for _, p := range r.Peers {
			highest = max(highest, p.Zxid)
		}
	}
	return highest, nil
}

// localEpoch is the highest epoch in the directory's own files, 0 where there is none to read: they may be damaged.
func localEpoch(dataDir string) (highest uint32, err error) {
	for _, name := range []string{"acceptedEpoch", "currentEpoch"} {
		data, err := os.ReadFile(filepath.Join(dataDir, zookeeper.VersionDir, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return 0, fmt.Errorf("look at the old data: %w", err)
		}
		epoch, err := strconv.ParseUint(strings.TrimSpace(string(data)), 10, 31)
		if err == nil {
			highest = max(highest, uint32(epoch))
		}
	}
	return highest, nil
}

// start is what a restored server goes on from.
type start struct {
	zxid  zookeeper.Zxid // of its newest state: the target, or above it
	epoch uint32         // for both epoch files of a server of a quorum
}

// startFrom raises the epoch of a quorum that is restored as a whole, and the zxid of a standalone server that goes back, above all that
// clients have seen. One server that comes back to a living ensemble keeps the epoch of its data: with a higher one it would win the next
// election with old data.
func startFrom(cfg Config, target, seen zookeeper.Zxid) (start, error) {
	s := start{zxid: target, epoch: target.Epoch()}
	switch {
	case cfg.Quorum && cfg.WholeEnsemble:
		s.epoch = max(target.Epoch(), seen.Epoch())
	case !cfg.Quorum && (seen > target || cfg.changes()):
		s.epoch = max(target, seen).Epoch() + 1
		s.zxid = zookeeper.MakeZxid(s.epoch, 0)
	}
	if s.epoch >= math.MaxInt32 {
		return start{}, fmt.Errorf("epoch %d leaves no room for another: no server counts further", s.epoch)
	}
	return s, nil
}

// changes tells whether what is installed is to differ from every state that there was.
func (cfg Config) changes() bool { return cfg.DropSessions || cfg.ScrubMembers }

// membersEpoch is the epoch of the last change of the ensemble's members, from the line version=HEX: a later change that gets a lower
// version is ignored by servers.
func membersEpoch(members string) uint32 {
	for line := range strings.Lines(members) {
		if hex, ok := strings.CutPrefix(strings.TrimSpace(line), "version="); ok {
			if z, err := strconv.ParseUint(hex, 16, 63); err == nil {
				return zookeeper.Zxid(z).Epoch()
			}
		}
	}
	return 0
}
