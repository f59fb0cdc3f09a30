package e2e

import (
	"os"
	"strings"
	"testing"

	"github.com/zkark/zkark/internal/zookeeper"
)

func TestAFollowerThatHasToTruncateItsLogLeavesNoGhostInARestore(t *testing.T) {
	f := newFleetOverS3(t, 3, rolling())
	w := f.startWriters("/before", 2)
	f.more(w, 300)
	acked := f.end(w)
	old := f.leader()
	f.orphanProposals(20)
	f.leader()
	f.boot() // nothing was written meanwhile: the old leader is told to truncate
	f.expectSaid(old, "Truncating log to get in sync with the leader")
	w = f.startWriters("/after", 2)
	f.more(w, 300)
	f.proveArchive(append(acked, f.end(w)...))
}

func TestAFollowerThatGetsASnapshotKeepsGhostsThatNoRestoreTakes(t *testing.T) {
	o := rolling()
	o.JVM = append(o.JVM, "-Dzookeeper.commitLogCount=5", "-Dzookeeper.snapshotSizeFactor=-1") // a leader cannot send what changed
	f := newFleetOverS3(t, 3, o)
	w := f.startWriters("/before", 2)
	f.more(w, 300)
	acked := f.end(w)
	old := f.leader()
	f.orphanProposals(20)
	w = f.startWriters("/after", 2)
	f.more(w, 300)
	f.boot()
	f.expectSaid(old, "Getting a snapshot from leader")
	if ghost, live := f.lastOfEpoch(old, 1), f.lastOfEpoch((old+1)%3, 1); ghost <= live {
		t.Errorf("the old leader's logs of the first epoch end at %s and another's at %s: the test proves nothing", ghost, live)
	}
	f.more(w, 300)
	f.proveArchive(append(acked, f.end(w)...))
	f.expectDeadBranch()
}

// expectSaid expects a sentence in a server's own log.
func (f *fleet) expectSaid(i int, sentence string) {
	f.t.Helper()
	log, err := os.ReadFile(f.servers[i].LogFile())
	f.must(err)
	if !strings.Contains(string(log), sentence) {
		f.t.Errorf("the server never said %q: the test proves nothing", sentence)
	}
}

// lastOfEpoch is the last transaction of an epoch in a server's logs, committed or not.
func (f *fleet) lastOfEpoch(i int, epoch uint32) (last zookeeper.Zxid) {
	f.t.Helper()
	for _, name := range f.glob(f.servers[i].LogDir(), zookeeper.VersionDir, "log.*") {
		if first, ok := zookeeper.ParseLogName(name[strings.LastIndex(name, "/")+1:]); !ok || first.Epoch() != epoch {
			continue // one that goes on from another epoch is not there: servers were restarted
		}
		for _, txn := range readLog(f.t, name) {
			if txn.Zxid.Epoch() == epoch {
				last = max(last, txn.Zxid)
			}
		}
	}
	return last
}
