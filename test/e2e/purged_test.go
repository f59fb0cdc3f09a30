package e2e

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/test/loop"
	"github.com/zkark/zkark/test/zkserver"
)

// ZooKeeper purges what no sidecar has archived, because none runs: what is lost is told to the record, measured, and behind it the next
// base makes everything restorable.
func TestWhatIsPurgedWhileNoSidecarRunsIsToldAndTheNextBaseGoesOnBehindIt(t *testing.T) {
	r := newRig(t, zkserver.Require(t), rolling())
	sidecar := r.startSidecar()
	r.write("/before", 50)
	archived := r.waitArchived().Newest
	r.must(sidecar.Stop())
	for n := range 5 {
		r.write(fmt.Sprint("/lost-", n), 200)
	}
	r.must(r.server.Purge(r.ctx))
	oldest := r.oldestLogged()
	if oldest <= archived+1 {
		t.Fatalf("the server still has %s: the test proves nothing", oldest)
	}
	sidecar, address := r.startListening()
	r.waitPage(address+"/status", fmt.Sprintf(`"lost":[{"first":"%s","last":"%s"}]`, archived+1, oldest-1))
	r.waitPage(address+"/metrics", "zkark_lost_ranges 1\n", fmt.Sprintf("zkark_lost_records %d\n", oldest-archived-1))
	r.write("/after", 50)
	r.waitArchived()
	before := r.znodes()
	r.lose()
	r.must(sidecar.Stop())
	r.restore()
	r.boot()
	r.expectSame(before)
}

// oldestLogged is the first transaction in the server's logs.
func (r *rig) oldestLogged() zookeeper.Zxid {
	r.t.Helper()
	oldest := zookeeper.Zxid(0)
	for _, name := range names(r.t, filepath.Join(r.server.LogDir(), zookeeper.VersionDir)) {
		if first, ok := zookeeper.ParseLogName(name); ok && (oldest == 0 || first < oldest) {
			oldest = first
		}
	}
	return oldest
}

// startListening starts a sidecar that tells how it does at an address.
func (r *rig) startListening() (_ *loop.Sidecar, address string) {
	r.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	r.must(err)
	address = l.Addr().String()
	r.must(l.Close())
	r.sidecars++
	sidecar, err := r.zkark.StartSidecar(filepath.Join(r.dir, fmt.Sprintf("sidecar.%d.log", r.sidecars)), "--listen", address)
	r.must(err)
	r.t.Cleanup(sidecar.Kill)
	r.must(sidecar.WaitRunning(r.ctx))
	return sidecar, "http://" + address
}

// waitPage waits until a page has all the parts.
func (r *rig) waitPage(url string, parts ...string) {
	r.t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}
	for page := ""; ; {
		if answer, err := client.Get(url); err == nil {
			body, err := io.ReadAll(answer.Body)
			r.must(err)
			r.must(answer.Body.Close())
			page = string(body)
		}
		all := true
		for _, part := range parts {
			all = all && strings.Contains(page, part)
		}
		if all {
			return
		}
		select {
		case <-r.ctx.Done():
			r.t.Fatalf("%s never has all of %q; it is %s", url, parts, page)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
