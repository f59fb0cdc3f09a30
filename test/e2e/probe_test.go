package e2e

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/test/loop"
	"github.com/zkark/zkark/test/zkserver"
)

// said is what /status tells of ZooKeeper.
type said struct {
	Logged    zookeeper.Zxid `json:"logged"`
	Archived  zookeeper.Zxid `json:"archived"`
	ZooKeeper struct {
		Role   string         `json:"role"`
		Zxid   zookeeper.Zxid `json:"zxid"`
		Synced bool           `json:"synced"`
		Error  string         `json:"error"`
	} `json:"zookeeper"`
}

// startAsking starts a sidecar that holds a session with its server, and returns where it tells how it does.
func (r *rig) startAsking() (_ *loop.Sidecar, url string) {
	r.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	r.must(err)
	address := l.Addr().String()
	r.must(l.Close())
	r.sidecars++
	sidecar, err := r.zkark.StartSidecar(filepath.Join(r.dir, fmt.Sprintf("sidecar.%d.log", r.sidecars)), "--zk-sync", "--listen", address, "--sync-rate", "10")
	r.must(err)
	r.t.Cleanup(sidecar.Kill)
	r.must(sidecar.WaitRunning(r.ctx))
	return sidecar, "http://" + address + "/status"
}

// waitSaid asks a sidecar until it says what is wanted.
func (r *rig) waitSaid(url string, want func(said) bool) {
	r.t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}
	var s said
	for {
		if answer, err := client.Get(url); err == nil {
			var page struct {
				Sidecar said `json:"sidecar"`
			}
			r.must(json.NewDecoder(answer.Body).Decode(&page))
			s = page.Sidecar
			r.must(answer.Body.Close())
			if want(s) {
				return
			}
		}
		select {
		case <-r.ctx.Done():
			r.t.Fatalf("the sidecar never says what is expected, but %+v", s)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// waitReport waits until the archive holds a report of the server.
func (r *rig) waitReport() {
	r.t.Helper()
	for {
		reports, err := os.ReadDir(filepath.Join(r.zkark.Archive, archive.ReportPrefix, "000"))
		if err == nil && len(reports) > 0 {
			return
		}
		select {
		case <-r.ctx.Done():
			r.t.Fatal("the sidecar does not report")
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func TestASidecarThatHoldsASessionShipsItsEndToo(t *testing.T) {
	r := newRig(t, zkserver.Require(t), zkserver.Options{})
	before := r.zxid()
	sidecar, url := r.startAsking()
	r.waitSaid(url, func(s said) bool { return s.ZooKeeper.Synced && s.ZooKeeper.Role == "standalone" })
	r.write("/ark", 20)
	r.must(sidecar.Stop())
	if now, archived := r.zxid(), r.waitArchived(); archived.Newest != now || now <= before {
		t.Errorf("archived up to %s, and the server is at %s", archived.Newest, now)
	}
}

func TestASidecarShipsAndEndsWhileItsServerIsStopped(t *testing.T) {
	r := newRig(t, zkserver.Require(t), zkserver.Options{})
	sidecar, url := r.startAsking()
	r.waitSaid(url, func(s said) bool { return s.ZooKeeper.Synced })
	r.write("/ark", 50)
	logged := r.zxid()
	r.must(r.server.Pause())
	r.waitSaid(url, func(s said) bool {
		return s.Archived >= logged && s.ZooKeeper.Role == "unknown" && s.ZooKeeper.Error != ""
	})
	r.must(sidecar.Stop())
	r.must(r.server.Resume())
}

// A sidecar that is not told to hold a session leaves no trace in ZooKeeper.
func TestASidecarThatOnlyAsksAddsNoTransaction(t *testing.T) {
	r := newRig(t, zkserver.Require(t), zkserver.Options{})
	r.write("/ark", 20)
	before := r.zxid()
	sidecar := r.startSidecar()
	r.waitArchived()
	r.waitReport() // then it has asked
	r.must(sidecar.Stop())
	if now := r.zxid(); now != before {
		t.Errorf("the server went from %s to %s", before, now)
	}
}
