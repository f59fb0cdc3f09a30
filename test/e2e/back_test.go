package e2e

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/go-zookeeper/zk"

	"github.com/zkark/zkark/test/loop"
	"github.com/zkark/zkark/test/zkserver"
)

// outcome is what a restore prints with --output json, as far as these tests look.
type outcome struct {
	Target, Asked string
	At, Next      *struct{ Zxid, Time string }
	Later         int
	Crisp         *struct {
		Zxid, Digest                       string
		DroppedSessions, DroppedEphemerals []string
	}
}

// back stops everything, restores the server over its own data, and boots it.
func (r *rig) back(sidecar *loop.Sidecar, more ...string) outcome {
	r.t.Helper()
	r.must(r.server.Kill())
	r.must(sidecar.Stop())
	out, err := r.zkark.Restore(r.ctx, append(more, "--output", "json")...)
	r.must(err)
	var s outcome
	r.must(json.Unmarshal([]byte(out), &s))
	r.boot()
	return s
}

func TestAStandaloneServerGoesBackUnderTheFeetOfALiveClient(t *testing.T) {
	r := newRig(t, zkserver.Require(t), zkserver.Options{})
	sidecar := r.startSidecar()
	r.write("/ark", 100)
	before, point := r.znodes(), r.zxid()
	r.write("/mistake", 50)
	r.waitArchived()
	s := r.back(sidecar, "--at", point.String())
	if s.Target != point.String() || s.Crisp == nil || s.Later == 0 {
		t.Fatalf("restored %+v, want %s as a crisp snapshot", s, point)
	}
	r.expectSame(before) // with the same client, which had seen higher zxids
	sidecar = r.startSidecar()
	r.write("/after", 50)
	if got := r.zxid(); got.Epoch() == point.Epoch() {
		t.Errorf("the server goes on at %s, where clients have seen other transactions", got)
	}
	r.waitArchived()
	after := r.znodes()
	r.lose()
	r.must(sidecar.Stop())
	r.restore()
	r.boot()
	r.expectSame(after)
}

func TestAnUndoneDeleteBringsBackDataAndACL(t *testing.T) {
	r := newRig(t, zkserver.Require(t), zkserver.Options{})
	sidecar := r.startSidecar()
	r.write("/ark", 50)
	_, err := r.client.Create("/dear", []byte("data"), 0, zk.DigestACL(zk.PermAll, "ark", "noah"))
	r.must(err)
	before := r.znodes()
	_, err = r.client.Multi(&zk.SetDataRequest{Path: "/ark", Version: -1}, &zk.DeleteRequest{Path: "/dear", Version: -1})
	r.must(err)
	r.write("/after", 20)
	r.waitArchived()
	s := r.back(sidecar, "--at", "before-delete:/dear")
	if s.Next == nil || s.Later == 0 || !strings.HasPrefix(s.Asked, "before-delete:") {
		t.Errorf("restored %+v", s)
	}
	r.expectSame(before)
}

func TestDroppedSessionsTakeTheirEphemeralsAlongAndAreListed(t *testing.T) {
	r := newRig(t, zkserver.Require(t), zkserver.Options{})
	sidecar := r.startSidecar()
	r.write("/ark", 50)
	_, err := r.client.Create("/mayfly", nil, zk.FlagEphemeral, zk.WorldACL(zk.PermAll))
	r.must(err)
	before := r.znodes()
	r.waitArchived()
	s := r.back(sidecar, "--sessions=drop")
	if s.Crisp == nil || len(s.Crisp.DroppedSessions) == 0 || !slices.Contains(s.Crisp.DroppedEphemerals, "/mayfly") {
		t.Fatalf("dropped %+v", s.Crisp)
	}
	after := r.znodes()
	for _, path := range s.Crisp.DroppedEphemerals {
		if _, there := after[path]; there || before[path].Stat.EphemeralOwner == 0 {
			t.Errorf("%s was dropped, and is there: %v", path, there)
		}
		delete(before, path)
	}
	for path := range before {
		if _, there := after[path]; !there {
			t.Errorf("%s was not to be dropped, and is gone", path)
		}
	}
}

func TestACrispSnapshotIsOneFileAndHasTheSameTree(t *testing.T) {
	r := newRig(t, zkserver.Require(t), zkserver.Options{JVM: []string{"-Dzookeeper.snapCount=100"}})
	sidecar := r.startSidecar()
	r.write("/ark", 200)
	r.waitArchived()
	before := r.znodes()
	if s := r.back(sidecar, "--crisp", "--scrub-members"); s.Crisp == nil || len(s.Crisp.Digest) != 18 {
		t.Errorf("restored %+v", s)
	}
	r.expectSame(before)
}

func TestAnEnsembleGoesBackUnderTheFeetOfALiveClient(t *testing.T) {
	f := newFleet(t, 3, zkserver.Options{})
	conn := f.connect()
	_, err := loop.Write(f.ctx, conn, loop.KindsOf(f.servers[0].Release(), loop.Workload{Root: "/ark", Scale: 50}))
	f.must(err)
	before, point := f.znodes(conn), f.committed()
	f.must(f.servers[f.leader()].Kill()) // clients see another epoch
	f.boot()
	f.must(loop.WaitSession(f.ctx, conn))
	_, err = loop.Write(f.ctx, conn, loop.KindsOf(f.servers[0].Release(), loop.Workload{Root: "/mistake", Scale: 50}))
	f.must(err)
	mistaken := f.committed()
	f.waitArchived()
	for _, s := range f.servers {
		f.must(s.Kill())
	}
	f.stopSidecars()
	for i := range f.servers {
		_, err := f.zkark(i).Restore(f.ctx, "--rejoin=force", "--at", point.String())
		f.must(err)
	}
	f.boot()
	f.expectSame(before, f.znodes(conn), nil) // with the same client, which had seen higher zxids
	if got := f.committed(); got <= mistaken {
		t.Errorf("the ensemble goes on at %s, and clients have seen %s", got, mistaken)
	}
}

// A client sets its watches again when it comes back, and tells the highest zxid that it has seen. The server compares that with what its znodes
// were changed by, all of which is older after going back: it finds znodes that came or went, and no data or children that were put back.
func TestAfterGoingBackWatchesTellOfZnodesThatCameOrWentAndNotOfDataThatWasPutBack(t *testing.T) {
	r := newRig(t, zkserver.Require(t), zkserver.Options{})
	sidecar := r.startSidecar()
	open := zk.WorldACL(zk.PermAll)
	for _, path := range []string{"/data", "/parent", "/deleted"} {
		_, err := r.client.Create(path, []byte("before"), 0, open)
		r.must(err)
	}
	point := r.zxid()
	_, err := r.client.Set("/data", []byte("after"), -1)
	r.must(err)
	_, err = r.client.Create("/parent/new", nil, 0, open)
	r.must(err)
	r.must(r.client.Delete("/deleted", -1))
	_, err = r.client.Create("/created", nil, 0, open)
	r.must(err)
	_, _, data, err := r.client.GetW("/data")
	r.must(err)
	_, _, children, err := r.client.ChildrenW("/parent")
	r.must(err)
	_, _, deleted, err := r.client.ExistsW("/deleted")
	r.must(err)
	_, _, created, err := r.client.GetW("/created")
	r.must(err)
	r.waitArchived()
	r.back(sidecar, "--at", point.String())

	r.expectEvent(deleted, zk.EventNodeCreated)
	r.expectEvent(created, zk.EventNodeDeleted)
	r.must(loop.WaitSession(r.ctx, r.client))
	value, _, err := r.client.Get("/data") // answered after the events of the same connection
	r.must(err)
	for what, watch := range map[string]<-chan zk.Event{"data": data, "children": children} {
		select {
		case e := <-watch:
			t.Errorf("the watch on %s told %v: then docs/restore.md is wrong", what, e)
		default:
		}
	}
	if string(value) != "before" {
		t.Errorf("/data is %q", value)
	}
	_, err = r.client.Set("/data", []byte("new"), -1)
	r.must(err)
	_, err = r.client.Create("/parent/newer", nil, 0, open)
	r.must(err)
	r.expectEvent(data, zk.EventNodeDataChanged)
	r.expectEvent(children, zk.EventNodeChildrenChanged)
}

func (r *rig) expectEvent(watch <-chan zk.Event, want zk.EventType) {
	r.t.Helper()
	select {
	case e := <-watch:
		if e.Type != want {
			r.t.Errorf("the watch told %v, not %v", e, want)
		}
	case <-r.ctx.Done():
		r.t.Errorf("the watch told nothing, not %v", want)
	}
}
