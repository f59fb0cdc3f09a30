package e2e

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
	"github.com/zkark/zkark/sidecar"
	"github.com/zkark/zkark/test/loop"
	"github.com/zkark/zkark/test/zkserver"
	"github.com/zkark/zkark/uploader"
)

// rolling has servers begin a log and a snapshot about every two hundred transactions. Logs are reserved in small pieces: 64 MiB of
// zeros behind each of many take long to look through.
func rolling() zkserver.Options {
	return zkserver.Options{JVM: []string{"-Dzookeeper.snapCount=200"}, Config: []string{"preAllocSize=1024"}}
}

func TestProposalsThatOnlyALostLeaderLoggedAreNotRestored(t *testing.T) {
	f := newFleetOverS3(t, 3, rolling())
	w := f.startWriters("/before", 2)
	f.more(w, 300)
	acked := f.end(w)
	f.orphanProposals(20)
	w = f.startWriters("/after", 2)
	f.more(w, 300)
	f.boot() // the old leader comes back, and has to forget
	f.more(w, 300)
	f.proveArchive(append(acked, f.end(w)...))
	f.expectDeadBranch()
}

// orphanProposals has the leader log n proposals that nobody else sees, but for the first few that a server on a busy machine gets
// before it stops, and lets the others elect another.
func (f *fleet) orphanProposals(n int) {
	f.t.Helper()
	leader := f.leader()
	conn, err := loop.Connect(f.ctx, f.servers[leader].Addr())
	f.must(err)
	defer conn.Close()
	for i, s := range f.servers {
		if i != leader {
			f.must(s.Pause())
		}
	}
	before := f.logged(leader)
	for range n {
		go conn.Create("/ghost-", nil, zk.FlagSequence, zk.WorldACL(zk.PermAll)) // nobody will ever answer
	}
	f.waitLogged(leader, before+zookeeper.Zxid(n))
	for _, s := range f.servers { // a follower that is only paused finds the proposals in its socket, and they become committed
		f.must(s.Kill())
	}
	for i, s := range f.servers {
		if i != leader {
			f.must(s.Launch())
		}
	}
}

// expectDeadBranch expects that the archive holds the ghosts all the same: otherwise the test proves nothing.
func (f *fleet) expectDeadBranch() {
	f.t.Helper()
	catalog, err := loop.Catalog(f.archive)
	f.must(err)
	for _, s := range catalog.Segments {
		if plan, err := archive.MakePlan(catalog, archive.AtZxid(s.Last)); err == nil && plan.Target < s.Last {
			return
		}
	}
	f.t.Error("no segment holds what was never committed")
}

func TestSidecarsKilledAtRandomMomentsLoseNothing(t *testing.T) {
	f := newFleetOverS3(t, 3, rolling())
	w := f.startWriters("/load", 2)
	for range 240 {
		i := rand.IntN(len(f.sidecars))
		f.sidecars[i].Kill()
		f.startSidecar(i)
		f.more(w, rand.IntN(20))
	}
	f.proveArchive(f.end(w))
}

func TestAStoreThatIsDownLongerThanServersKeepTheirFilesLosesNothing(t *testing.T) {
	f := newFleetOverS3(t, 3, rolling())
	w := f.startWriters("/load", 4)
	f.more(w, 300)
	f.store.Stop()
	for range 4 {
		f.more(w, 500)
		for _, s := range f.servers {
			f.must(s.Purge(f.ctx))
		}
	}
	f.expectPurged()
	f.store.Resume(f.t)
	f.more(w, 300)
	f.proveArchive(f.end(w))
}

func TestARollingRestartLeavesNoGap(t *testing.T) {
	f := newFleetOverS3(t, 3, rolling())
	w := f.startWriters("/load", 2)
	for i := range 24 { // minutes
		f.more(w, 100)
		f.must(f.servers[i%3].Stop())
		f.more(w, 50)
		f.boot()
	}
	f.proveArchive(f.end(w))
	f.expectNoAlarm()
}

// expectNoAlarm expects that no sidecar has told of what is not so.
func (f *fleet) expectNoAlarm() {
	f.t.Helper()
	for _, name := range f.glob(f.dir, "sidecar.*.log") {
		log, err := os.ReadFile(name)
		f.must(err)
		for line := range strings.Lines(string(log)) {
			for _, alarm := range []string{uploader.ErrOtherHistory.Error(), sidecar.ErrBlind.Error(), "neither archived nor in this server's logs", "panic"} {
				if strings.Contains(line, alarm) {
					f.t.Errorf("%s: %s", filepath.Base(name), line)
				}
			}
		}
	}
}

// expectPurged expects that every server has lost its first log.
func (f *fleet) expectPurged() {
	f.t.Helper()
	for _, s := range f.servers {
		for _, name := range names(f.t, filepath.Join(s.LogDir(), zookeeper.VersionDir)) {
			if first, ok := zookeeper.ParseLogName(name); ok && first == zookeeper.MakeZxid(1, 1) {
				f.t.Errorf("%s is still there: the test proves nothing", name)
			}
		}
	}
}

// logged is the last transaction in the logs of a running server, committed or not.
func (f *fleet) logged(i int) (last zookeeper.Zxid) {
	f.t.Helper()
	for _, name := range f.glob(f.servers[i].LogDir(), zookeeper.VersionDir, "log.*") {
		file, err := os.Open(name)
		f.must(err)
		r := txnlog.NewReader(file, name)
		rec, err := r.Next()
		for ; err == nil; rec, err = r.Next() { // up to where the server is writing
			last = max(last, rec.Zxid)
		}
		f.must(file.Close())
	}
	return last
}

func (f *fleet) waitLogged(i int, zxid zookeeper.Zxid) {
	f.t.Helper()
	for f.logged(i) < zxid {
		select {
		case <-f.ctx.Done():
			f.t.Fatalf("the server has logged %s, not %s", f.logged(i), zxid)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// proveArchive expects that the archive holds the ensemble's committed history and nothing else: what is restored from it, to a
// server of its own, is what the ensemble has, proven by digest; everything acknowledged is there; and every moment at which
// something acknowledged was made can be restored.
func (f *fleet) proveArchive(acked []string) {
	f.t.Helper()
	f.waitArchived()
	conn := f.connect()
	want := f.znodes(conn)
	f.waitArchived() // the session of the client, too
	for _, path := range acked {
		if _, ok := want[path]; !ok {
			f.t.Errorf("%s was acknowledged and the ensemble does not have it", path)
		}
	}
	got := f.restoreElsewhere()
	const config = "/zookeeper/config" // tells of the ensemble; a server alone has another
	delete(want, config)
	delete(got, config)
	for _, d := range loop.Differences(want, got) {
		f.t.Error(d)
	}
	f.expectEveryPoint(want, acked)
	f.expectVerified()
}

// expectVerified has every object read, and a restore proven from every base.
func (f *fleet) expectVerified() {
	f.t.Helper()
	z := f.zkark(0)
	url := z.URL
	if url == "" {
		url = "file://" + z.Archive
	}
	said, err := z.Run(f.ctx, "verify", "--archive", url, "--full", "--no-report", "--dir", f.t.TempDir())
	if err != nil {
		f.t.Errorf("verify: %v\n%s", err, said)
	}
	f.t.Logf("%s", said)
}

// restoreElsewhere restores a server of its own, boots it, and returns what it has.
func (f *fleet) restoreElsewhere() map[string]loop.Znode {
	f.t.Helper()
	s, err := zkserver.New(zkserver.Require(f.t), filepath.Join(f.dir, "elsewhere"), zkserver.Options{JVM: []string{loop.ExtendedTypes}})
	f.must(err)
	s.EndWith(f.t)
	said, err := f.zkarkFor(s.ConfigFile()).Restore(f.ctx)
	f.must(err)
	if !strings.Contains(said, "proven by digest") {
		f.t.Errorf("the restore says %s", said)
	}
	s.MustStart(f.t)
	complaints, err := s.Complaints()
	f.must(err)
	for _, c := range complaints {
		f.t.Errorf("the restored server complains: %s", c)
	}
	ctx, cancel := context.WithTimeout(f.ctx, time.Minute)
	defer cancel()
	conn, err := loop.Connect(ctx, s.Addr())
	f.must(err)
	defer conn.Close()
	all, err := loop.ReadAll(ctx, conn)
	f.must(err)
	return all
}

// expectEveryPoint expects a plan to each transaction that was acknowledged.
func (f *fleet) expectEveryPoint(znodes map[string]loop.Znode, acked []string) {
	f.t.Helper()
	catalog, err := loop.Catalog(f.archive)
	f.must(err)
	for _, path := range acked {
		z := zookeeper.Zxid(znodes[path].Stat.Czxid)
		if plan, err := archive.MakePlan(catalog, archive.AtZxid(z)); err != nil || plan.Target != z {
			f.t.Fatalf("%s cannot be restored: %v, the plan reaches %s", z, err, plan.Target)
		}
	}
}
