package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/test/loop"
	"github.com/zkark/zkark/test/zkserver"
)

// rig is a server, zkark and an archive, with a client whose session outlives the server's disaster. Every method fails
// the test itself.
type rig struct {
	t      testing.TB
	ctx    context.Context
	dir    string
	server *zkserver.Server
	zkark  loop.Zkark
	client *zk.Conn
	// how many of each there have been, for names
	losses, sidecars int
}

func newRig(t testing.TB, r zkserver.Release, o zkserver.Options) *rig {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(cancel)
	o.JVM = append([]string{loop.ExtendedTypes}, o.JVM...)
	rg := &rig{t: t, ctx: ctx, dir: t.TempDir(), server: zkserver.StartForTest(t, r, o)}
	rg.zkark = loop.Zkark{
		Binary:  os.Getenv(binaryVariable),
		Archive: filepath.Join(rg.dir, "archive"),
		ZooCfg:  rg.server.ConfigFile(),
	}
	rg.must(os.Mkdir(rg.zkark.Archive, 0o755))
	rg.connect()
	return rg
}

// connect gives the rig a new client.
func (r *rig) connect() {
	r.t.Helper()
	client, err := loop.Connect(r.ctx, r.server.Addr())
	r.must(err)
	r.t.Cleanup(client.Close)
	r.client = client
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// startSidecar starts a sidecar that is killed when the test ends; a failed test prints the end of its log.
func (r *rig) startSidecar() *loop.Sidecar {
	r.t.Helper()
	r.sidecars++
	sidecar, err := r.zkark.StartSidecar(filepath.Join(r.dir, fmt.Sprintf("sidecar.%d.log", r.sidecars)))
	r.must(err)
	r.must(sidecar.WaitRunning(r.ctx))
	r.t.Cleanup(func() {
		sidecar.Kill()
		if r.t.Failed() {
			r.t.Logf("zkark sidecar: %s", sidecar.LogTail())
		}
	})
	return sidecar
}

// write writes znodes of all kinds below a new root, including some that go with a second session.
func (r *rig) write(root string, scale int) {
	r.t.Helper()
	_, err := loop.Write(r.ctx, r.client, loop.KindsOf(r.server.Release(), loop.Workload{Root: root, Scale: scale}))
	r.must(err)
	r.must(loop.ComeAndGo(r.ctx, r.server.Addr(), root+"/visitors", 5))
}

// zxid is the last transaction that the server has processed.
func (r *rig) zxid() zookeeper.Zxid {
	r.t.Helper()
	status, err := r.server.Status(r.ctx)
	r.must(err)
	return status.Zxid
}

// waitArchived waits until the archive reaches all that the server has.
func (r *rig) waitArchived() loop.Archived {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.ctx, time.Minute)
	defer cancel()
	archived, err := loop.WaitArchived(ctx, r.zkark.Archive, r.zxid())
	r.must(err)
	return archived
}

func (r *rig) znodes() map[string]loop.Znode {
	r.t.Helper()
	r.must(loop.WaitSession(r.ctx, r.client))
	all, err := loop.ReadAll(r.ctx, r.client)
	r.must(err)
	return all
}

// lose kills the server and takes its directories away, to a place where the test can still look at them.
func (r *rig) lose() (dataDir, logDir string) {
	r.t.Helper()
	r.must(r.server.Kill())
	r.losses++
	dataDir = filepath.Join(r.dir, "lost", "data", strconv.Itoa(r.losses))
	r.must(os.MkdirAll(filepath.Dir(dataDir), 0o755))
	r.must(os.Rename(r.server.DataDir(), dataDir))
	if r.server.LogDir() == r.server.DataDir() {
		return dataDir, dataDir
	}
	logDir = filepath.Join(r.dir, "lost", "txnlog", strconv.Itoa(r.losses))
	r.must(os.MkdirAll(filepath.Dir(logDir), 0o755))
	r.must(os.Rename(r.server.LogDir(), logDir))
	return dataDir, logDir
}

func (r *rig) restore() {
	r.t.Helper()
	said, err := r.zkark.Restore(r.ctx)
	r.must(err)
	if said == "" {
		r.t.Error("a restore that did its work says nothing")
	}
}

// boot starts the restored server and expects that it serves and complains of nothing.
func (r *rig) boot() {
	r.t.Helper()
	r.server.MustStart(r.t)
	r.expectNoComplaint()
}

func (r *rig) expectNoComplaint() {
	r.t.Helper()
	complaints, err := r.server.Complaints()
	r.must(err)
	for _, c := range complaints {
		r.t.Errorf("the server complains: %s", c)
	}
}

func (r *rig) expectSame(before map[string]loop.Znode) {
	r.t.Helper()
	expectNone(r.t, loop.Differences(before, r.znodes()))
}

// expectNone fails the test with the first few of what is wrong.
func expectNone(t testing.TB, wrong []string) {
	t.Helper()
	const most = 10
	for _, w := range wrong[:min(most, len(wrong))] {
		t.Error(w)
	}
	if len(wrong) > most {
		t.Errorf("and %d more like this", len(wrong)-most)
	}
}

// exitCode is what a shell would have seen of a run of zkark.
func exitCode(err error) int {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	if err != nil {
		return -1
	}
	return 0
}
