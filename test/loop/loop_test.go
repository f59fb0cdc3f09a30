package loop

import (
	"context"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"
	"github.com/zkark/zkark/test/zkserver"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// What the end-to-end tests prove rests on this: a kill and a start alone change no znode, so that a difference
// after a restore is zkark's.
func TestAServerKilledAndStartedAgainHasTheSameZnodes(t *testing.T) {
	server := zkserver.StartForTest(t, zkserver.Require(t), zkserver.Options{JVM: []string{ExtendedTypes}})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	conn, err := Connect(ctx, server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	w := KindsOf(server.Release(), Workload{Root: "/ark", Scale: 400})
	if _, err := Write(ctx, conn, w); err != nil {
		t.Fatal(err)
	}
	if err := ComeAndGo(ctx, server.Addr(), "/ark/visitors", 10); err != nil {
		t.Fatal(err)
	}
	before := readAll(ctx, t, conn)
	if len(before) < w.Scale {
		t.Errorf("%d znodes, want more than %d", len(before), w.Scale)
	}
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	server.MustStart(t)
	if err := WaitSession(ctx, conn); err != nil {
		t.Fatal(err)
	}
	for _, d := range Differences(before, readAll(ctx, t, conn)) {
		t.Error(d)
	}
}

func readAll(ctx context.Context, t *testing.T, conn *zk.Conn) map[string]Znode {
	t.Helper()
	all, err := ReadAll(ctx, conn)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestDifferencesNameEveryChange(t *testing.T) {
	node := Znode{Data: []byte("a"), Stat: zk.Stat{Czxid: 1}, ACL: zk.WorldACL(zk.PermAll)}
	changed := Znode{Data: []byte("b"), Stat: zk.Stat{Czxid: 2}, ACL: zk.WorldACL(zk.PermRead)}
	before := map[string]Znode{"/same": node, "/gone": node, "/changed": node}
	after := map[string]Znode{"/same": node, "/new": node, "/changed": changed}
	if got := Differences(before, after); len(got) != 5 {
		t.Errorf("want data, stat and ACL of /changed, /gone and /new, got %q", got)
	}
	if got := Differences(before, before); len(got) != 0 {
		t.Errorf("a tree differs from itself: %q", got)
	}
}
