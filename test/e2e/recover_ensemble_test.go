package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zkark/zkark/test/loop"
	"github.com/zkark/zkark/test/zkserver"
)

func TestARecoveryThroughFollowersThatIsKilledIsFinishedByTheSameCommand(t *testing.T) {
	f := newFleet(t, 3, zkserver.Options{})
	conn, leader := f.connect(), f.leader()
	const znodes = 1500
	f.createMany(conn, "/app", znodes, bytes.Repeat([]byte("x"), 700))
	f.waitArchived()
	before, at := f.znodes(conn), f.committed()
	f.deleteAll(conn, before, "/app")
	f.stopSidecars()
	var followers []string
	for i, s := range f.servers {
		if i != leader {
			followers = append(followers, s.Addr())
		}
	}
	args := []string{
		"recover", "--servers", strings.Join(followers, ","), "--archive", "file://" + f.archive, "--at", at.String(), "--path", "/app",
		"--max-request", "1KiB", // one znode each
	}
	ctx, kill := context.WithCancel(f.ctx)
	killed := make(chan error)
	go func() {
		_, err := f.zkark(0).Run(ctx, append(args, "--undo-file", filepath.Join(f.dir, "undo.1"))...)
		killed <- err
	}()
	f.waitChildren(conn, "/app", 20)
	kill() // with SIGKILL
	if err := <-killed; err == nil {
		t.Fatal("the recovery was over before it was killed: the test proves nothing")
	}
	if there := len(f.znodes(conn)); there >= len(before) {
		t.Fatal("everything is there after the kill: the test proves nothing")
	}
	said, err := f.zkark(0).Run(f.ctx, append(args, "--undo-file", filepath.Join(f.dir, "undo.2"))...)
	f.must(err)
	if planned := strings.Count(said, "\ncreate"); planned == 0 || planned >= znodes {
		t.Errorf("the second run makes %d znodes, and the first one had made some of %d", planned, znodes)
	}
	for _, s := range f.servers {
		expectNone(t, contentDifferences(before, f.znodes(f.connect(s))))
	}
}

// childName is long enough for the names of 100,000 children to be more than jute.maxbuffer, which bounds what a server reads, and not what it
// answers.
func childName(i int) string { return fmt.Sprintf("animal-of-the-ark-%06d", i) }

// createMany makes a znode and n below it.
func (f *fleet) createMany(conn *zk.Conn, root string, n int, data []byte) {
	f.t.Helper()
	_, err := conn.Create(root, nil, 0, zk.WorldACL(zk.PermAll))
	f.must(err)
	var ops []any
	for i := range n {
		ops = append(ops, &zk.CreateRequest{Path: fmt.Sprintf("%s/%s", root, childName(i)), Data: data, Acl: zk.WorldACL(zk.PermAll)})
		if len(ops) == 500 || i == n-1 {
			_, err := conn.Multi(ops...)
			f.must(err)
			ops = nil
		}
	}
}

// deleteAll deletes what is below a znode, one level of it.
func (f *fleet) deleteAll(conn *zk.Conn, all map[string]loop.Znode, root string) {
	f.t.Helper()
	var ops []any
	for p := range all {
		if strings.HasPrefix(p, root+"/") {
			ops = append(ops, &zk.DeleteRequest{Path: p, Version: -1})
		}
	}
	_, err := conn.Multi(ops...)
	f.must(err)
}

func (f *fleet) waitChildren(conn *zk.Conn, path string, n int) {
	f.t.Helper()
	for {
		children, _, err := conn.Children(path)
		f.must(err)
		if len(children) >= n {
			return
		}
		select {
		case <-f.ctx.Done():
			f.t.Fatalf("%s has %d children, not %d", path, len(children), n)
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// With an identity that no ACL holds back, parents come first with their own ACLs, and at no moment with another. Without one nothing is
// opened up: the recovery is refused.
func TestAParentThatForbidsEverythingNeitherBlocksItsChildrenNorIsOpened(t *testing.T) {
	super := zk.DigestACL(zk.PermAll, "super", "secret")[0].ID
	r := newRig(t, zkserver.Require(t), zkserver.Options{JVM: []string{"-Dzookeeper.DigestAuthenticationProvider.superDigest=" + super}})
	sidecar := r.startSidecar()
	for _, p := range []string{"/app", "/app/shut", "/app/shut/deep", "/app/shut/deep/er"} {
		r.create(p, p)
	}
	nobody := []zk.ACL{{Perms: zk.PermRead, Scheme: "ip", ID: "192.0.2.1"}}
	r.must(r.client.AddAuth("digest", []byte("super:secret")))
	for _, p := range []string{"/app/shut/deep", "/app/shut"} {
		_, err := r.client.SetACL(p, nobody, -1)
		r.must(err)
	}
	r.waitArchived()
	at, before := r.zxid().String(), r.znodes()
	for _, p := range []string{"/app/shut/deep/er", "/app/shut/deep", "/app/shut"} {
		r.must(r.client.Delete(p, -1))
	}
	r.waitArchived()
	r.must(sidecar.Stop())
	auth := filepath.Join(r.dir, "auth")
	r.must(os.WriteFile(auth, []byte("super:secret\n"), 0o600))
	args := []string{"recover", "--servers", r.server.Addr(), "--archive", "file://" + r.zkark.Archive, "--at", at, "--path", "/app"}
	gone := r.znodes()
	if _, err := r.zkark.Run(r.ctx, append(args, "--undo-file", filepath.Join(r.dir, "undo.1"))...); err == nil || !strings.Contains(err.Error(), "--zk-auth-file") {
		t.Errorf("without an identity recover says %v", err)
	}
	expectNone(t, contentDifferences(gone, r.znodes()))
	_, err := r.zkark.Run(r.ctx, append(args, "--zk-auth-file", auth, "--undo-file", filepath.Join(r.dir, "undo.2"))...)
	r.must(err)
	expectNone(t, contentDifferences(before, r.znodes()))
}

func TestAZnodeOfNearlyAMegabyteAndAVeryWideOneAreRecovered(t *testing.T) {
	f := newFleet(t, 1, zkserver.Options{})
	conn := f.connect()
	f.createMany(conn, "/wide", 100_000, nil)
	_, err := conn.Create("/wide/large", bytes.Repeat([]byte("elephant "), 100_000), 0, zk.WorldACL(zk.PermAll))
	f.must(err)
	f.waitArchived()
	before, at := f.znodes(conn), f.committed()
	_, err = conn.Set("/wide/large", nil, -1)
	f.must(err)
	for i := range 20 {
		f.must(conn.Delete("/wide/"+childName(i*1000), -1))
	}
	f.stopSidecars()
	said, err := f.zkark(0).Run(f.ctx, "recover", "--servers", f.servers[0].Addr(), "--archive", "file://"+f.archive, "--at", at.String(),
		"--path", "/wide", "--undo-file", filepath.Join(f.dir, "undo"))
	f.must(err)
	if !strings.Contains(said, "21 of 21 changes made") {
		t.Errorf("recover says %s", said)
	}
	expectNone(t, contentDifferences(before, f.znodes(conn)))
}
