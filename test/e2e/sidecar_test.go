package e2e

import (
	"testing"

	"github.com/zkark/zkark/test/loop"
	"github.com/zkark/zkark/test/zkserver"
)

func TestASidecarKilledAgainAndAgainShipsEverythingInTheEnd(t *testing.T) {
	r := newRig(t, zkserver.Require(t), zkserver.Options{JVM: []string{"-Dzookeeper.snapCount=300"}})
	for _, root := range []string{"/one", "/two", "/three"} {
		sidecar := r.startSidecar()
		written := make(chan error, 1)
		go func() {
			_, err := loop.Write(r.ctx, r.client, loop.KindsOf(r.server.Release(), loop.Workload{Root: root, Scale: 300}))
			written <- err
		}()
		waitForMore(r)
		sidecar.Kill()
		r.must(<-written)
	}
	sidecar := r.startSidecar()
	r.waitArchived()
	before := r.znodes()
	r.lose()
	r.must(sidecar.Stop())
	r.restore()
	r.boot()
	r.expectSame(before)
}

// waitForMore waits until the archive has grown.
func waitForMore(r *rig) {
	r.t.Helper()
	start, err := loop.ReadArchive(r.zkark.Archive)
	r.must(err)
	_, err = loop.WaitArchived(r.ctx, r.zkark.Archive, start.Newest+1)
	r.must(err)
}

func TestASidecarStartedAfterTheServerDiedShipsWhatIsOnItsDisk(t *testing.T) {
	r := newRig(t, zkserver.Require(t), zkserver.Options{})
	r.write("/ark", 200)
	before, zxid := r.znodes(), r.zxid()
	r.must(r.server.Kill())
	sidecar := r.startSidecar()
	_, err := loop.WaitArchived(r.ctx, r.zkark.Archive, zxid)
	r.must(err)
	r.must(sidecar.Stop())
	r.lose()
	r.restore()
	r.boot()
	r.expectSame(before)
}

func TestStoppingASidecarShipsTheRest(t *testing.T) {
	r := newRig(t, zkserver.Require(t), zkserver.Options{})
	sidecar := r.startSidecar()
	waitForMore(r)
	r.write("/ark", 200)
	r.must(sidecar.Stop())
	archived, err := loop.ReadArchive(r.zkark.Archive)
	r.must(err)
	if zxid := r.zxid(); archived.Newest < zxid {
		t.Errorf("the sidecar ended well with %s in the archive and %s on the server", archived.Newest, zxid)
	}
}

func TestASidecarBesideAnIdleServerSendsNothing(t *testing.T) {
	r := newRig(t, zkserver.Require(t), zkserver.Options{})
	sidecar := r.startSidecar()
	first := r.waitArchived()
	sidecar2 := r.startSidecar() // a second one has nothing to add either
	r.must(sidecar2.Stop())
	r.must(sidecar.Stop())
	last, err := loop.ReadArchive(r.zkark.Archive)
	r.must(err)
	if last.Objects > first.Objects+1 { // the snapshot may have come after the log
		t.Errorf("%d objects, then %d, with nothing written between", first.Objects, last.Objects)
	}
}

func TestTheServerRunsOnWhenItsSidecarIsKilled(t *testing.T) {
	r := newRig(t, zkserver.Require(t), zkserver.Options{})
	sidecar := r.startSidecar()
	r.write("/before", 50)
	sidecar.Kill()
	r.write("/after", 50)
	r.expectNoComplaint()
}
