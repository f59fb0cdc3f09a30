package e2e

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zkark/zkark/internal/recovery"
	"github.com/zkark/zkark/test/loop"
	"github.com/zkark/zkark/test/zkserver"
)

func TestABrokenSubtreeIsRecoveredIntoTheLiveServerAndTheRecoveryUndone(t *testing.T) {
	r := newRig(t, zkserver.Require(t), zkserver.Options{})
	sidecar := r.startSidecar()
	r.plant()
	r.waitArchived()
	at, before := r.zxid().String(), r.znodes()
	r.breakApp()
	r.waitArchived()
	r.must(sidecar.Stop())
	broken := r.znodes()
	auth, undo := filepath.Join(r.dir, "auth"), filepath.Join(r.dir, "undo.jsonl")
	r.must(os.WriteFile(auth, []byte("ark:noah\n"), 0o600))
	run := func(args ...string) string {
		t.Helper()
		said, err := r.zkark.Run(r.ctx, append([]string{"recover", "--servers", r.server.Addr(), "--zk-auth-file", auth, "--output", "json"}, args...)...)
		r.must(err)
		return said
	}
	subtree := []string{"--archive", "file://" + r.zkark.Archive, "--at", at, "--path", "/app", "--delete-extra", "--undo-file", undo, "--max-request", "4KiB"}

	plan := run(append(subtree, "--dry-run")...)
	expectNone(t, contentDifferences(broken, r.znodes()))
	var done struct {
		Kind    string
		Applied int
		Changes []any
	}
	planned, outcome, _ := strings.Cut(run(subtree...), "\n")
	if planned != strings.TrimSpace(plan) {
		t.Errorf("before it acts recover says %s, and the dry run said %s", planned, plan)
	}
	r.must(json.Unmarshal([]byte(outcome), &done))
	if done.Kind != "recovered" || done.Applied == 0 || done.Applied != len(done.Changes) {
		t.Errorf("recover reports %+v", done)
	}
	expected := maps.Clone(before)
	expected["/app2"], expected["/app2/other"] = broken["/app2"], broken["/app2/other"]
	expected["/app/session"] = broken["/app/session"]
	expectNone(t, contentDifferences(expected, r.znodes()))
	if info, err := os.Stat(undo); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the undo file: %v, %v", info, err)
	}
	if again := run(append(subtree, "--undo-file", undo+".2")...); !strings.Contains(again, `"changes":[]`) {
		t.Errorf("a second recover finds something to do: %s", again)
	}

	run("--undo", undo)
	expectNone(t, contentDifferences(broken, r.znodes()))
	run("--undo", undo)
	expectNone(t, contentDifferences(broken, r.znodes()))
}

func TestAClientThatIsFasterStopsARecoveryWithNothingOfTheBatchApplied(t *testing.T) {
	r := newRig(t, zkserver.Require(t), zkserver.Options{})
	for _, p := range []string{"/app", "/app/a"} {
		r.create(p, "then")
	}
	scope := recovery.Scope{Path: "/app"}
	live, err := recovery.Read(r.ctx, r.client, scope)
	r.must(err)
	want := maps.Clone(live)
	changed := want["/app/a"]
	changed.Data = []byte("wanted")
	want["/app/a"] = changed
	changed.Path = "/app/new"
	want["/app/new"] = changed
	batches, err := recovery.Batches(recovery.Diff(want, live, scope, true).Changes, recovery.DefaultRequest)
	r.must(err)
	_, err = r.client.Set("/app/a", []byte("faster"), -1)
	r.must(err)
	before := r.znodes()
	n, err := recovery.Apply(r.ctx, r.client, batches)
	if conflict, ok := err.(*recovery.ConflictError); !ok || conflict.Path != "/app/a" || n != 0 {
		t.Errorf("Apply made %d changes and says %v, want a conflict at /app/a", n, err)
	}
	r.expectSame(before)
}

func (r *rig) create(path, data string) {
	r.t.Helper()
	_, err := r.client.Create(path, []byte(data), 0, zk.WorldACL(zk.PermAll))
	r.must(err)
}

// plant makes what is archived: znodes of all kinds below /app, and a sibling.
func (r *rig) plant() {
	r.t.Helper()
	for _, p := range []string{"/app", "/app/keep", "/app/changed", "/app/gone", "/app/gone/deep", "/app2", "/app2/other"} {
		r.create(p, "then "+p)
	}
	for i := range 40 {
		r.create("/app/gone/"+strings.Repeat("n", i+1), strings.Repeat("x", 300))
	}
	owned := []zk.ACL{{Perms: zk.PermAll, Scheme: "digest", ID: zk.DigestACL(zk.PermAll, "ark", "noah")[0].ID}}
	_, err := r.client.Create("/app/owned", []byte("mine"), 0, owned)
	r.must(err)
	_, err = r.client.CreateContainer("/app/container", nil, zk.FlagContainer, zk.WorldACL(zk.PermAll))
	r.must(err)
	_, err = r.client.CreateTTL("/app/ttl", []byte("t"), zk.FlagTTL, zk.WorldACL(zk.PermAll), time.Hour)
	r.must(err)
}

func (r *rig) breakApp() {
	r.t.Helper()
	all := r.znodes()
	for p := range all {
		if strings.HasPrefix(p, "/app/gone/") || p == "/app/container" || p == "/app/ttl" {
			r.must(r.client.Delete(p, -1))
		}
	}
	r.must(r.client.Delete("/app/gone", -1))
	_, err := r.client.Set("/app/changed", []byte("now"), -1)
	r.must(err)
	_, err = r.client.SetACL("/app/owned", zk.WorldACL(zk.PermAll), -1)
	r.must(err)
	_, err = r.client.Set("/app2", []byte("now"), -1)
	r.must(err)
	r.create("/app/extra", "now")
	r.create("/app/extra/deep \"<b>", "now")
	_, err = r.client.Create("/app/session", nil, zk.FlagEphemeral, zk.WorldACL(zk.PermAll))
	r.must(err)
}

// contentDifferences leaves out of the comparison what a znode cannot have again: zxids, times, versions. The znodes of ZooKeeper itself
// are left out whole.
func contentDifferences(before, after map[string]loop.Znode) []string {
	return loop.Differences(contents(before), contents(after))
}

func contents(all map[string]loop.Znode) map[string]loop.Znode {
	out := make(map[string]loop.Znode)
	for p, n := range all {
		if !strings.HasPrefix(p, "/zookeeper") {
			n.Stat = zk.Stat{EphemeralOwner: n.Stat.EphemeralOwner, NumChildren: n.Stat.NumChildren, DataLength: n.Stat.DataLength}
			if p == "/app" || p == "/" {
				n.Stat.NumChildren = 0 // the ephemeral znode counts
			}
			out[p] = n
		}
	}
	return out
}
