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
	f.loseAll()
	f.stopSidecars()
	f.restoreAll()
	f.boot()
	after := f.znodes(conn)
	for _, d := range loop.Differences(before, after) {
		t.Error(d)
	}
	for _, path := range acked {
		if _, ok := after[path]; !ok {
			t.Errorf("%s was acknowledged and is gone", path)
		}
	}
}
