package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/test/loop"
	"github.com/zkark/zkark/test/s3server"
	"github.com/zkark/zkark/test/zkserver"
)

func TestAStoreThatIsSlowOrBusyOrLosesAnswersLosesNothing(t *testing.T) {
	f, proxy := newFleetBehindProxy(t, 3, rolling())
	w := f.startWriters("/load", 3)
	for _, fault := range []s3server.Fault{s3server.Slow(time.Second), s3server.Busy, s3server.Lossy} {
		proxy.Inject(fault)
		f.more(w, 1000)
		for _, s := range f.servers {
			f.must(s.Purge(f.ctx))
		}
	}
	f.expectPurged()
	proxy.Inject(nil)
	f.proveArchive(f.end(w))
}

func TestAnEnsembleOverCloudStorageLosesNothing(t *testing.T) {
	f := newFleetOverGCS(t, 3, rolling())
	w := f.startWriters("/load", 2)
	f.more(w, 300)
	f.must(f.servers[f.leader()].Kill())
	f.more(w, 300)
	f.boot()
	for range 20 {
		i := rand.IntN(len(f.sidecars))
		f.sidecars[i].Kill()
		f.startSidecar(i)
		f.more(w, rand.IntN(40))
	}
	acked := f.end(w)
	want := f.znodes(f.connect())
	f.stopSidecars() // which ships the rest
	got := f.restoreElsewhere()
	f.expectSame(f.withoutConfig(want), f.withoutConfig(got), acked)
}

// In steady state a turn is a listing and an object at most, and all turns together are no more than the rate: the store is asked as
// often for five servers as for one. What is sent is little more than one server's log.
func TestTurnsStayAtTheRateHoweverManyServersThereAre(t *testing.T) {
	for _, servers := range []int{1, 3, 5} {
		t.Run(fmt.Sprint(servers, " servers"), func(t *testing.T) {
			f, proxy := newFleetBehindProxy(t, servers, zkserver.Options{})
			w := f.startWriters("/load", 4)
			f.more(w, 300)
			proxy.Count()
			for begun := time.Now(); time.Since(begun) < 5*time.Second; {
				f.more(w, 100)
			}
			during := proxy.Count()
			const rate = 10
			most := int(rate*time.Since(during.Since).Seconds()) + servers // a turn may begin right at either end
			t.Logf("%d listings and %d segments in %s", during.Lists, during.Puts, time.Since(during.Since))
			if during.Lists > most || during.Puts > most || during.Puts == 0 {
				t.Errorf("%d listings and %d segments, want %d of each at most", during.Lists, during.Puts, most)
			}
			f.end(w)
			f.waitArchived()
			f.expectLittleTwice()
		})
	}
}

// expectLittleTwice expects that what the archive was sent is at most 1.2 times what one server's log takes, compressed in one go.
func (f *fleet) expectLittleTwice() {
	f.t.Helper()
	catalog, err := loop.Catalog(f.archive)
	f.must(err)
	var sent, once int64
	for _, s := range catalog.Segments {
		sent += s.Size
	}
	for _, name := range f.glob(f.servers[0].LogDir(), zookeeper.VersionDir, "log.*") {
		once += f.compressed(name)
	}
	f.t.Logf("sent %d bytes in %d segments; the server's log compressed in one go is %d", sent, len(catalog.Segments), once)
	if float64(sent) > 1.2*float64(once) {
		f.t.Errorf("%d bytes were sent, %d would have been enough", sent, once)
	}
}

func (f *fleet) compressed(name string) int64 {
	f.t.Helper()
	log, err := os.ReadFile(name)
	f.must(err)
	encoder, err := zstd.NewWriter(nil)
	f.must(err)
	defer encoder.Close()
	return int64(len(encoder.EncodeAll(log, nil)))
}

// withoutConfig leaves out what tells of the ensemble: a server alone has another.
func (f *fleet) withoutConfig(all map[string]loop.Znode) map[string]loop.Znode {
	delete(all, "/zookeeper/config")
	return all
}
