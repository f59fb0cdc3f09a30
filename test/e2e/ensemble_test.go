package e2e

import (
	"testing"

	"github.com/zkark/zkark/test/loop"
	"github.com/zkark/zkark/test/zkserver"
)

func TestAnEnsembleThatLosesItsLeaderAndThenEverythingComesBackWhole(t *testing.T) {
	f := newFleet(t, 3, zkserver.Options{JVM: []string{"-Dzookeeper.snapCount=1000"}})
	w := f.startWriters("/under-load", 4)
	f.more(w, 500)
	f.must(f.servers[f.leader()].Kill())
	f.more(w, 500)
	f.boot()
	f.more(w, 500)
	acked := f.end(w)
	conn := f.connect()
	_, err := loop.Write(f.ctx, conn, loop.KindsOf(f.servers[0].Release(), loop.Workload{Root: "/ark", Scale: 100}))
	f.must(err)
	f.waitArchived()
	before := f.znodes(conn)
	for i := range f.servers {
		f.lose(i)
	}
	f.stopSidecars()
	for i := range f.servers {
		f.restore(i)
	}
	f.boot()
	after := f.znodes(conn)
	f.expectSame(before, after, acked)
}

func TestAServerThatLostItsDiskComesBackWithItsEnsemble(t *testing.T) {
	f := newFleet(t, 3, zkserver.Options{JVM: []string{"-Dzookeeper.snapCount=1000"}})
	w := f.startWriters("/under-load", 4)
	f.more(w, 500)
	f.must(f.servers[f.leader()].Kill())
	f.more(w, 500)
	f.boot()
	f.more(w, 500)
	acked := f.end(w)
	conn := f.connect()
	_, err := loop.Write(f.ctx, conn, loop.KindsOf(f.servers[0].Release(), loop.Workload{Root: "/ark", Scale: 100}))
	f.must(err)
	before, zxid := f.znodes(conn), f.committed()
	for _, s := range f.servers {
		f.must(s.Stop())
	}
	f.stopSidecars()
	f.expectArchived(zxid)
	f.expectOneHistory()
	f.lose(0)
	f.restore(0)
	f.boot()
	f.expectOnEveryServer(before, acked)
}

func TestAServerRestoredToWhereTheArchiveEndsCatchesUpWithALiveEnsemble(t *testing.T) {
	f := newFleet(t, 3, zkserver.Options{
		JVM:    []string{"-Dzookeeper.snapCount=300"},
		Config: []string{"preAllocSize=1024"}, // KB; 64 MiB of zeros behind each of many logs take long to look through
	})
	w := f.startWriters("/while-archived", 4)
	f.more(w, 500)
	f.waitArchived()
	f.stopSidecars()
	f.lose(0)
	f.more(w, 500) // of these the archive knows nothing
	f.restore(0)
	f.boot()
	for i := range f.servers {
		f.startSidecar(i)
	}
	f.more(w, 500)
	acked := f.end(w)
	before := f.znodes(f.connect())
	f.waitArchived()
	f.expectOnEveryServer(before, acked)
	f.stopSidecars()
	f.expectOneHistory()
}
