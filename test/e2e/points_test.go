package e2e

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/test/loop"
	"github.com/zkark/zkark/test/zkserver"
)

// find asks where a point leads, without restoring.
func (r *rig) find(point string) outcome {
	r.t.Helper()
	out, err := r.zkark.Restore(r.ctx, "--at", point, "--dry-run", "--output", "json")
	r.must(err)
	var o outcome
	r.must(json.Unmarshal([]byte(out), &o))
	return o
}

// tick waits until the clock shows another millisecond.
func tick() time.Time {
	t := time.Now()
	for time.Since(t) < 3*time.Millisecond {
	}
	return time.Now()
}

func TestPointsOfARealHistoryAreWhereTheyShouldBe(t *testing.T) {
	r := newRig(t, zkserver.Require(t), zkserver.Options{JVM: []string{"-Dzookeeper.snapCount=100", "-Dznode.container.checkIntervalMs=300"}})
	r.startSidecar()
	r.write("/ark", 100)
	quiet, moment := r.zxid(), tick()
	tick()
	visitor, err := loop.Connect(r.ctx, r.server.Addr())
	r.must(err)
	defer visitor.Close()
	_, err = visitor.Create("/mayfly", nil, zk.FlagEphemeral, zk.WorldACL(zk.PermAll))
	r.must(err)
	alive := r.zxid()
	visitor.Close()
	_, err = r.client.CreateContainer("/box", nil, zk.FlagContainer, zk.WorldACL(zk.PermAll))
	r.must(err)
	_, err = r.client.Create("/box/in", nil, 0, zk.WorldACL(zk.PermAll))
	r.must(err)
	r.must(r.client.Delete("/box/in", -1))
	emptied := r.zxid()
	for there := true; there; {
		there, _, err = r.client.Exists("/box")
		r.must(err)
		r.must(r.ctx.Err())
	}
	r.write("/later", 20)
	r.waitArchived()
	for point, want := range map[string]zookeeper.Zxid{
		moment.Format(time.RFC3339Nano):  quiet,
		"before:" + (quiet + 1).String(): quiet,
		"before-delete:/mayfly":          alive,
		"before-delete:/box":             emptied,
		"latest":                         r.zxid(),
		"before-delete:/box/in":          emptied - 1,
		(r.zxid() + 1000).String():       r.zxid(),
		"0s ago":                         r.zxid(),
	} {
		got := r.find(point)
		if got.Target != want.String() {
			t.Errorf("%s is %s, want %s", point, got.Target, want)
		}
		if got.At == nil || got.At.Zxid != got.Target || got.Later > 0 && got.Next == nil {
			t.Errorf("%s has the neighbours %+v and %+v", point, got.At, got.Next)
		}
	}
	for _, point := range []string{"before-delete:/never", "1d ago"} {
		if _, err := r.zkark.Restore(r.ctx, "--at", point, "--dry-run"); exitCode(err) != 4 {
			t.Errorf("%s: want exit code 4, got %v", point, err)
		}
	}
	if _, err := r.zkark.Restore(r.ctx, "--at", "yesterday", "--dry-run"); exitCode(err) != 2 {
		t.Errorf("want exit code 2, got %v", err)
	}
}
