package restore

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/tree/treetest"
)

func TestACrispSnapshotIsTheStateAndNothingElse(t *testing.T) {
	w := newWorld(t, 71, 200)
	cfg := w.config(t)
	cfg.Crisp, cfg.Quorum, cfg.To = true, true, archive.AtZxid(w.log[120].Zxid)
	report, err := Run(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	target := w.log[120].Zxid
	got := load(t, cfg)
	dump, err := treetest.Dump(got)
	if diff := cmp.Diff(w.dumps[target], dump); err != nil || diff != "" {
		t.Errorf("%v, -was +restored:\n%s", err, diff)
	}
	files := contents(t, filepath.Join(cfg.DataDir, zookeeper.VersionDir))
	if _, ok := files["/"+zookeeper.SnapshotName(target, zookeeper.Plain)]; !ok || len(files) != 3 {
		t.Errorf("%d files, want a snapshot and two epochs", len(files))
	}
	if c := report.Crisp; c == nil || c.Zxid != target || c.Nodes != len(dump) || c.Sessions != len(got.Sessions()) || len(c.Digest) != 18 {
		t.Errorf("it tells %+v", c)
	}
}

func TestEpochsGoForwardOnlyWhereAllServersAreRestored(t *testing.T) {
	w := newWorld(t, 72, 300)
	old, newest := w.log[20].Zxid, w.last()
	if newest.Epoch() <= old.Epoch() {
		t.Fatal("no election in between")
	}
	reported := newest.Epoch() + 4
	report := archive.ServerReport{Server: 2, Time: time.UnixMilli(0), Role: "follower", AcceptedEpoch: reported}
	data, err := report.Encode()
	if err != nil {
		t.Fatal(err)
	}
	w.put(t, report.Key(), data)
	for name, c := range map[string]struct {
		to    archive.Point
		whole bool
		want  uint32
	}{
		"one server to the newest state": {archive.Latest(), false, newest.Epoch()},
		"all servers to the newest":      {archive.Latest(), true, reported},
		"all servers back":               {archive.AtZxid(old), true, reported},
		"one server back":                {archive.AtZxid(old), false, old.Epoch()},
	} {
		cfg := w.config(t)
		cfg.Quorum, cfg.To, cfg.WholeEnsemble = true, c.to, c.whole
		report, err := Run(context.Background(), cfg)
		if err != nil || report.Epoch != c.want || report.Crisp != nil {
			t.Errorf("%s: epoch %d, %+v, %v; want %d", name, report.Epoch, report.Crisp, err, c.want)
		}
		for _, file := range []string{"acceptedEpoch", "currentEpoch"} {
			got, err := os.ReadFile(filepath.Join(cfg.DataDir, zookeeper.VersionDir, file))
			if err != nil || string(got) != strconv.Itoa(int(c.want)) {
				t.Errorf("%s: %s is %q, %v", name, file, got, err)
			}
		}
	}
}

func TestAStandaloneServerThatGoesBackGoesOnAboveAllThatWasSeen(t *testing.T) {
	w := newWorld(t, 73, 200)
	cfg := w.config(t)
	cfg.To = archive.AtZxid(w.log[100].Zxid)
	report, err := Run(context.Background(), cfg)
	raised := zookeeper.MakeZxid(w.last().Epoch()+1, 0)
	if err != nil || report.Crisp == nil || report.Crisp.Zxid != raised {
		t.Fatalf("%+v, %v; want it to go on from %s", report.Crisp, err, raised)
	}
	if got := load(t, cfg).LastZxid(); got != raised {
		t.Errorf("the snapshot is %s", got)
	}
	cfg.To = archive.Latest() // and forward again, over the raised state
	report, err = Run(context.Background(), cfg)
	if err != nil || report.Crisp != nil || load(t, cfg).LastZxid() != w.last() {
		t.Errorf("forward again: %+v, %v", report.Crisp, err)
	}
}

func TestDroppedSessionsAreListedAndLeaveNothingThatAServerWouldDelete(t *testing.T) {
	found := false
	for seed := range uint64(5) {
		w := newWorld(t, 80+seed, 150)
		cfg := w.config(t)
		cfg.DropSessions = true
		report, err := Run(context.Background(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		got := load(t, cfg)
		if len(got.Sessions()) != 0 || len(got.Orphans(false)) != 0 {
			t.Errorf("seed %d: sessions %v, orphans %v", seed, got.Sessions(), got.Orphans(false))
		}
		for path := range w.dumps[w.last()] {
			_, there := got.Get(path)
			if there == slices.Contains(report.Crisp.DroppedEphemerals, path) {
				t.Errorf("seed %d: %s is there: %v, and was listed: %v", seed, path, there, !there)
			}
		}
		found = found || len(report.Crisp.DroppedEphemerals) > 0 && len(report.Crisp.DroppedSessions) > 0
	}
	if !found {
		t.Error("no history has an ephemeral")
	}
}

func TestTheVersionOfTheMembersCountsAsAnEpoch(t *testing.T) {
	members := "server.1=a:2888:3888:participant;0.0.0.0:2181\nserver.2=b:2888:3888:participant;0.0.0.0:2181\nversion=700000002"
	if got := membersEpoch(members); got != 7 {
		t.Errorf("epoch %d, want 7", got)
	}
	if got := membersEpoch(""); got != 0 {
		t.Errorf("epoch %d of no members", got)
	}
}
