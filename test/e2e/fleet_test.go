package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"
	"golang.org/x/sync/errgroup"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/test/gcsserver"
	"github.com/zkark/zkark/test/loop"
	"github.com/zkark/zkark/test/s3server"
	"github.com/zkark/zkark/test/zkserver"
)

// fleet is an ensemble with a sidecar beside each server, all of them into one archive. Every method fails the test itself.
type fleet struct {
	t        testing.TB
	ctx      context.Context
	dir      string
	archive  string           // the directory that holds the objects
	store    *s3server.Server // nil for the directory itself
	url      string           // of the archive, when it is not the directory
	servers  []*zkserver.Server
	sidecars []*loop.Sidecar
	started  int // sidecars, for the names of their logs

	prepare func() // the servers, before they start; nil for nothing
}

// newFleet starts n servers and their sidecars, with an archive in a directory.
func newFleet(t testing.TB, n int, o zkserver.Options) *fleet {
	t.Helper()
	f := &fleet{t: t, dir: t.TempDir()}
	f.archive = filepath.Join(f.dir, "archive")
	f.must(os.Mkdir(f.archive, 0o755))
	f.start(n, o)
	return f
}

// newFleetOverS3 starts n servers and their sidecars, with an archive in an S3 server.
func newFleetOverS3(t testing.TB, n int, o zkserver.Options) *fleet {
	t.Helper()
	f := &fleet{t: t, dir: t.TempDir(), store: s3server.Start(t)}
	f.store.CreateBucket(t, "backup")
	t.Setenv("ZKARK_S3_ENDPOINT", f.store.Endpoint())
	t.Setenv("ZKARK_S3_PATH_STYLE", "true")
	f.archive, f.url = filepath.Join(f.store.Dir, "backup", "zk"), "s3://backup/zk"
	f.start(n, o)
	return f
}

// newFleetBehindProxy is newFleetOverS3 with a proxy in front of the S3 server.
func newFleetBehindProxy(t testing.TB, n int, o zkserver.Options) (*fleet, *s3server.Proxy) {
	t.Helper()
	f := &fleet{t: t, dir: t.TempDir(), store: s3server.Start(t)}
	f.store.CreateBucket(t, "backup")
	proxy := f.store.NewProxy(t)
	t.Setenv("ZKARK_S3_ENDPOINT", proxy.Endpoint())
	t.Setenv("ZKARK_S3_PATH_STYLE", "true")
	f.archive, f.url = filepath.Join(f.store.Dir, "backup", "zk"), "s3://backup/zk"
	f.start(n, o)
	return f, proxy
}

// newFleetOverGCS starts n servers and their sidecars, with an archive in a stand-in for Google Cloud Storage. Its objects are in no
// directory: f.archive is empty.
func newFleetOverGCS(t *testing.T, n int, o zkserver.Options) *fleet {
	t.Helper()
	store := gcsserver.Start(t)
	store.CreateBucket(t, "backup")
	t.Setenv("STORAGE_EMULATOR_HOST", store.Address)
	f := &fleet{t: t, dir: t.TempDir(), url: "gs://backup/zk"}
	f.start(n, o)
	return f
}

func (f *fleet) start(n int, o zkserver.Options) {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), 8*time.Minute)
	f.t.Cleanup(cancel)
	f.ctx, f.sidecars = ctx, make([]*loop.Sidecar, n)
	o.JVM = append([]string{loop.ExtendedTypes}, o.JVM...)
	var err error
	f.servers, err = zkserver.NewEnsemble(zkserver.Require(f.t), f.dir, n, o)
	f.must(err)
	if f.prepare != nil {
		f.prepare()
	}
	for i, s := range f.servers {
		s.EndWith(f.t)
		f.startSidecar(i)
	}
	f.boot()
}

func (f *fleet) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// boot starts every server that is down.
func (f *fleet) boot() {
	f.t.Helper()
	for _, s := range f.servers {
		if !s.Running() {
			f.must(s.Launch())
		}
	}
	ctx, cancel := context.WithTimeout(f.ctx, time.Minute)
	defer cancel()
	for _, s := range f.servers {
		f.must(s.WaitReady(ctx))
	}
}

func (f *fleet) zkark(i int) loop.Zkark {
	return f.zkarkFor(f.servers[i].ConfigFile())
}

func (f *fleet) zkarkFor(zooCfg string) loop.Zkark {
	return loop.Zkark{Binary: os.Getenv(binaryVariable), Archive: f.archive, URL: f.url, ZooCfg: zooCfg}
}

func (f *fleet) startSidecar(i int) {
	f.t.Helper()
	f.started++
	log := filepath.Join(f.dir, fmt.Sprintf("sidecar.%d.%d.log", i+1, f.started))
	sidecar, err := f.zkark(i).StartSidecar(log, "--sync-rate", "10")
	f.must(err)
	f.must(sidecar.WaitRunning(f.ctx))
	f.sidecars[i] = sidecar
	f.t.Cleanup(func() {
		sidecar.Kill()
		if f.t.Failed() {
			f.t.Logf("zkark sidecar %d: %s", i+1, sidecar.LogTail())
		}
	})
}

func (f *fleet) stopSidecars() {
	f.t.Helper()
	for _, s := range f.sidecars {
		f.must(s.Stop())
	}
}

// leader waits until one of the servers leads, or is alone, and returns which.
func (f *fleet) leader() int {
	f.t.Helper()
	for {
		for i, s := range f.servers {
			if status, err := s.Status(f.ctx); err == nil && (status.Mode == "leader" || status.Mode == "standalone") {
				return i
			}
		}
		select {
		case <-f.ctx.Done():
			f.t.Fatal("nobody leads")
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// connect opens a session with some of the servers, or with any of them.
func (f *fleet) connect(servers ...*zkserver.Server) *zk.Conn {
	f.t.Helper()
	if len(servers) == 0 {
		servers = f.servers
	}
	var addrs []string
	for _, s := range servers {
		addrs = append(addrs, s.Addr())
	}
	conn, err := loop.Connect(f.ctx, addrs...)
	f.must(err)
	f.t.Cleanup(conn.Close)
	return conn
}

// znodes reads everything, after a sync: a follower may be behind.
func (f *fleet) znodes(conn *zk.Conn) map[string]loop.Znode {
	f.t.Helper()
	f.must(loop.WaitSession(f.ctx, conn))
	_, err := conn.Sync("/")
	f.must(err)
	all, err := loop.ReadAll(f.ctx, conn)
	f.must(err)
	const config = "/zookeeper/config"
	node := all[config]
	node.Stat.Mtime = 0 // each server of an ensemble sets it when it starts
	all[config] = node
	return all
}

// expectOnEveryServer asks each server alone.
func (f *fleet) expectOnEveryServer(before map[string]loop.Znode, acked []string) {
	f.t.Helper()
	for _, s := range f.servers {
		f.expectSame(before, f.znodes(f.connect(s)), acked)
	}
}

func (f *fleet) expectSame(before, after map[string]loop.Znode, acked []string) {
	f.t.Helper()
	expectNone(f.t, loop.Differences(before, after))
	var gone []string
	for _, path := range acked {
		if _, ok := after[path]; !ok {
			gone = append(gone, path+" was acknowledged and is gone")
		}
	}
	expectNone(f.t, gone)
}

// committed is the last transaction that the leader has processed.
func (f *fleet) committed() zookeeper.Zxid {
	f.t.Helper()
	status, err := f.servers[f.leader()].Status(f.ctx)
	f.must(err)
	return status.Zxid
}

// waitArchived waits until a restore would reach everything that the leader has committed.
func (f *fleet) waitArchived() {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.ctx, time.Minute)
	defer cancel()
	_, err := loop.WaitArchived(ctx, f.archive, f.committed())
	f.must(err)
}

// expectArchived expects that a restore would reach zxid by now.
func (f *fleet) expectArchived(zxid zookeeper.Zxid) {
	f.t.Helper()
	archived, err := loop.ReadArchive(f.archive)
	f.must(err)
	if archived.Newest < zxid {
		f.t.Errorf("the sidecars ended well with %s in the archive, the ensemble had committed %s", archived.Newest, zxid)
	}
}

// lose kills a server and takes its data away.
func (f *fleet) lose(i int) {
	f.t.Helper()
	s := f.servers[i]
	f.must(s.Kill())
	f.must(os.Rename(filepath.Join(s.DataDir(), zookeeper.VersionDir), filepath.Join(f.dir, fmt.Sprintf("lost.%d", i+1))))
}

// restore rebuilds one server, beside whatever the others are.
func (f *fleet) restore(i int) {
	f.t.Helper()
	_, err := f.zkark(i).Restore(f.ctx, "--rejoin=force")
	f.must(err)
}

// writers write one znode after the other until they are stopped, through elections.
type writers struct {
	stop  context.CancelFunc
	group *errgroup.Group
	mu    sync.Mutex
	acked []string // paths that a server has acknowledged
}

// startWriters begins n sessions that write below root.
func (f *fleet) startWriters(root string, n int) *writers {
	f.t.Helper()
	conn := f.connect()
	_, err := conn.Create(root, nil, zk.FlagPersistent, zk.WorldACL(zk.PermAll))
	f.must(err)
	ctx, cancel := context.WithCancel(f.ctx)
	w := &writers{stop: cancel, group: new(errgroup.Group)}
	f.t.Cleanup(func() { cancel(); _ = w.group.Wait() })
	for i := range n {
		conn := f.connect()
		w.group.Go(func() error { return w.write(ctx, conn, fmt.Sprintf("%s/%d-", root, i)) })
	}
	return w
}

func (w *writers) write(ctx context.Context, conn *zk.Conn, prefix string) error {
	for n := 0; ctx.Err() == nil; n++ {
		path := fmt.Sprintf("%s%06d", prefix, n)
		if n%8 == 0 { // a group that fails takes a zxid too, and servers need not log it alike
			missing := &zk.DeleteRequest{Path: path + "-missing"}
			_, _ = conn.Multi(&zk.CreateRequest{Path: path + "-never", Acl: zk.WorldACL(zk.PermAll)}, missing)
		}
		_, err := conn.Create(path, []byte(path), zk.FlagPersistent, zk.WorldACL(zk.PermAll))
		if err != nil { // an election; whether the znode was made is not known
			if loop.WaitSession(ctx, conn) != nil {
				return nil
			}
			continue
		}
		w.mu.Lock()
		w.acked = append(w.acked, path)
		w.mu.Unlock()
	}
	return nil
}

func (w *writers) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.acked)
}

// more waits until n more writes are acknowledged.
func (f *fleet) more(w *writers, n int) {
	f.t.Helper()
	for goal := w.count() + n; w.count() < goal; {
		select {
		case <-f.ctx.Done():
			f.t.Fatalf("%d writes were acknowledged, not %d", w.count(), goal)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// end stops the writers and returns what was acknowledged.
func (f *fleet) end(w *writers) []string {
	f.t.Helper()
	w.stop()
	f.must(w.group.Wait())
	return w.acked
}
