package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"
	"golang.org/x/sync/errgroup"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/test/zkserver"
)

const exitRefused = 5

// peers tells where all servers answer clients: on one machine zoo.cfg cannot.
func (f *fleet) peers() (flags []string) {
	for i, s := range f.servers {
		flags = append(flags, fmt.Sprintf("--peer=%d=%s", i+1, s.Addr()))
	}
	return flags
}

// rejoin restores one server if that is safe.
func (f *fleet) rejoin(i int, more ...string) (string, error) {
	return f.zkark(i).Restore(f.ctx, append(f.peers(), more...)...)
}

// expectRefused expects that a server may not come back, for a reason.
func (f *fleet) expectRefused(i int, reason string) {
	f.t.Helper()
	_, err := f.rejoin(i, "--wait=1s")
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != exitRefused || !strings.Contains(err.Error(), reason) {
		f.t.Fatalf("got %v, want exit code %d and …%s…", err, exitRefused, reason)
	}
	if _, err := os.Stat(filepath.Join(f.servers[i].DataDir(), zookeeper.VersionDir)); !os.IsNotExist(err) {
		f.t.Errorf("it was refused, and there is data: %v", err)
	}
}

// create makes a znode, which is acknowledged by a quorum.
func (f *fleet) create(path string) {
	f.t.Helper()
	_, err := f.connect(f.running()...).Create(path, []byte(path), zk.FlagPersistent, zk.WorldACL(zk.PermAll))
	f.must(err)
}

func (f *fleet) running() (up []*zkserver.Server) {
	for _, s := range f.servers {
		if s.Running() {
			up = append(up, s)
		}
	}
	return up
}

func (f *fleet) exists(path string) bool {
	f.t.Helper()
	conn := f.connect(f.running()...)
	_, err := conn.Sync("/")
	f.must(err)
	found, _, err := conn.Exists(path)
	f.must(err)
	return found
}

// start starts one server and does not wait.
func (f *fleet) launch(i int) {
	f.t.Helper()
	f.must(f.servers[i].Launch())
}

func (f *fleet) ready(servers ...int) {
	f.t.Helper()
	for _, i := range servers {
		f.must(f.servers[i].WaitReady(f.ctx))
	}
}

func TestAServerLostUnderLoadRejoinsItsLiveEnsemble(t *testing.T) {
	f := newFleet(t, 3, zkserver.Options{JVM: []string{"-Dzookeeper.snapCount=1000"}})
	w := f.startWriters("/under-load", 4)
	f.more(w, 500)
	lost := (f.leader() + 1) % 3
	f.lose(lost)
	f.more(w, 200)
	_, err := f.rejoin(lost, "--wait=30s")
	f.must(err)
	f.launch(lost)
	f.ready(lost)
	f.more(w, 200)
	acked := f.end(w)
	f.expectOnEveryServer(f.znodes(f.connect()), acked)
	f.stopSidecars()
}

func TestAServerThatForgotWhatItAcknowledgedMayNotElectALeaderWithoutIt(t *testing.T) {
	f := newFleet(t, 3, zkserver.Options{})
	f.create("/archived")
	f.waitArchived()
	f.stopSidecars()
	f.must(f.servers[2].Kill())
	f.create("/acknowledged") // by servers 1 and 2
	f.lose(0)
	f.expectRefused(0, "none of the other servers leads")
	f.must(f.servers[1].Kill())
	f.expectRefused(0, "none of the other servers leads")
	f.restore(0) // --rejoin=force
	f.launch(0)
	f.launch(2)
	f.ready(0, 2)
	if !f.exists("/archived") || f.exists("/acknowledged") {
		t.Error("the damage that the refusal is for did not happen: is it needed?")
	}
}

func TestAMajorityThatIsOlderThanTheArchiveIsNotRejoined(t *testing.T) {
	f := newFleet(t, 3, zkserver.Options{})
	f.create("/old")
	f.waitArchived()
	f.stopSidecars()
	for i, s := range f.servers {
		f.must(s.Kill())
		f.copyData(s.DataDir(), filepath.Join(f.dir, fmt.Sprintf("old.%d", i)))
	}
	f.boot()
	for i := range f.servers {
		f.startSidecar(i)
	}
	for n := range 20 {
		f.create(fmt.Sprintf("/acknowledged-%d", n))
	}
	f.waitArchived()
	f.stopSidecars()
	for i := range f.servers {
		f.lose(i)
		if i > 0 {
			f.copyData(filepath.Join(f.dir, fmt.Sprintf("old.%d", i)), f.servers[i].DataDir())
		}
	}
	f.launch(1)
	f.launch(2)
	f.ready(1, 2)
	f.create("/new") // a transaction in the epoch in which others were acknowledged
	f.expectRefused(0, "older than the archive")
	f.restore(0) // --rejoin=force
	f.launch(0)
	f.ready(0)
	f.expectForgotten(0, "/acknowledged-19")
}

// expectForgotten asks one server alone.
func (f *fleet) expectForgotten(i int, path string) {
	f.t.Helper()
	found, _, err := f.connect(f.servers[i]).Exists(path)
	f.must(err)
	if found {
		f.t.Errorf("server %d kept %s: what is the refusal for?", i+1, path)
	}
}

func (f *fleet) copyData(from, to string) {
	f.t.Helper()
	f.must(os.MkdirAll(to, 0o755))
	f.must(os.CopyFS(filepath.Join(to, zookeeper.VersionDir), os.DirFS(filepath.Join(from, zookeeper.VersionDir))))
}

func TestAnEnsembleThatIsLostComesBackByItself(t *testing.T) {
	for name, survivors := range map[string]int{"everything is lost": 0, "one has data that the archive lacks": 1} {
		t.Run(name, func(t *testing.T) {
			f := newFleet(t, 3, zkserver.Options{})
			f.create("/archived")
			f.waitArchived()
			if survivors > 0 {
				f.stopSidecars()
			}
			f.create("/late")
			if survivors == 0 {
				f.waitArchived()
				f.stopSidecars()
			}
			before := f.znodes(f.connect())
			for i := range f.servers {
				if i >= survivors {
					f.lose(i)
				} else {
					f.must(f.servers[i].Kill())
				}
			}
			f.comeBack()
			f.expectOnEveryServer(before, []string{"/archived", "/late"})
		})
	}
}

// comeBack starts every server as an init container and its container do: last things first, the one with data in the end.
func (f *fleet) comeBack() {
	f.t.Helper()
	var group errgroup.Group
	for i := len(f.servers) - 1; i >= 0; i-- {
		group.Go(func() error {
			out, err := f.rejoin(i, "--if-needed", "--output=json", "--wait=60s")
			var d struct{ Action, Error string }
			if err := errors.Join(err, json.Unmarshal([]byte(out), &d)); err != nil {
				return fmt.Errorf("server %d: %w: %s", i+1, err, out)
			}
			return f.servers[i].Launch()
		})
		select {
		case <-f.ctx.Done():
		case <-time.After(500 * time.Millisecond): // one after the other, as pods do
		}
	}
	f.must(group.Wait())
	f.ready(0, 1, 2)
}

func TestARestoreIfNeededLeavesSoundDataAloneAndSetsDamagedDataAside(t *testing.T) {
	rg := newRig(t, zkserver.Require(t), zkserver.Options{})
	sidecar := rg.startSidecar()
	rg.write("/ark", 20)
	rg.must(sidecar.Stop())
	rg.must(rg.server.Kill())
	rg.expectAction("none")
	live := filepath.Join(rg.server.DataDir(), zookeeper.VersionDir)
	logs, err := filepath.Glob(filepath.Join(live, "log.*"))
	rg.must(err)
	file, err := os.OpenFile(logs[0], os.O_RDWR, 0)
	rg.must(err)
	_, err = file.WriteAt([]byte("damage"), 200)
	rg.must(errors.Join(err, file.Close()))
	rg.expectAction("restored")
	rg.expectAction("none")
	rg.must(os.RemoveAll(live))
	rg.expectAction("restored")
	rg.server.MustStart(t)
}

func (r *rig) expectAction(want string) {
	r.t.Helper()
	out, err := r.zkark.Restore(r.ctx, "--if-needed", "--output=json")
	r.must(err)
	var d struct{ Action string }
	r.must(json.Unmarshal([]byte(out), &d))
	record, err := os.ReadFile(filepath.Join(r.server.DataDir(), "zkark-decision.json"))
	r.must(err)
	if d.Action != want || string(record) != out {
		r.t.Fatalf("got %s on stdout and %s in the data directory, want %s", out, record, want)
	}
}
