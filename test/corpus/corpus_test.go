package corpus

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	diff "github.com/google/go-cmp/cmp"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/snapshot"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

// eachServer runs a test for every server of every case, with the server's directory and what is expected of it.
func eachServer(t *testing.T, test func(t *testing.T, d directory)) {
	for _, c := range Open(t) {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			dir, expect := c.Extract(t), c.Expect(t)
			for _, s := range c.Servers {
				t.Run(fmt.Sprint("server", s.ID), func(t *testing.T) {
					test(t, directory{
						Case: c, Server: s, expect: filepath.Join(expect, fmt.Sprint(s.ID)),
						snapshots: filepath.Join(dir, s.DataDir, zookeeper.VersionDir),
						logs:      filepath.Join(dir, s.LogDir, zookeeper.VersionDir),
					})
				})
			}
		})
	}
}

// directory is one server's files and what ZooKeeper reads in them.
type directory struct {
	Case
	Server
	expect, snapshots, logs string
}

// logNames are the logs by their first zxid, snapshotNames the snapshots by where they start.
func (d directory) logNames(t *testing.T) []string {
	return d.names(t, d.logs, zookeeper.ParseLogName)
}

func (d directory) snapshotNames(t *testing.T) []string {
	return d.names(t, d.snapshots, func(name string) (zookeeper.Zxid, bool) {
		start, _, ok := zookeeper.ParseSnapshotName(name)
		return start, ok
	})
}

func (d directory) names(t *testing.T, dir string, parse func(string) (zookeeper.Zxid, bool)) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if _, ok := parse(e.Name()); ok {
			names = append(names, e.Name())
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		x, _ := parse(a)
		y, _ := parse(b)
		return cmp.Compare(x, y)
	})
	return names
}

func (d directory) expected(t *testing.T, name string) []string {
	text, err := os.ReadFile(filepath.Join(d.expect, name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

func open(t *testing.T, elem ...string) *os.File {
	f, err := os.Open(filepath.Join(elem...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// readLog decodes a log to its end, and says what ended it.
func readLog(t *testing.T, f *os.File, name string) (txns []txnlog.Txn, end error) {
	r := txnlog.NewReader(f, name)
	for {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			return txns, r.CheckEnd()
		}
		if err != nil {
			return txns, err
		}
		txn, err := rec.Decode()
		if err != nil {
			t.Fatalf("decode %s: %v", name, err)
		}
		txns = append(txns, txn)
	}
}

func TestEveryRecordDecodesAsZooKeeperDecodesIt(t *testing.T) {
	t.Parallel()
	eachServer(t, func(t *testing.T, d directory) {
		for _, name := range d.logNames(t) {
			want := d.expected(t, name+".exact")
			txns, end := readLog(t, open(t, d.logs, name), name)
			got := make([]string, len(txns))
			for i, txn := range txns {
				got[i] = exactTxn(txn)
			}
			if delta := diff.Diff(want[:len(want)-1], got); delta != "" {
				t.Errorf("%s: -ZooKeeper +zkark:\n%s", name, delta)
			}
			checkEnd(t, name, want[len(want)-1], end)
		}
	})
}

// checkEnd compares what ended a log for ZooKeeper and for us.
func checkEnd(t *testing.T, name, want string, err error) {
	var torn *txnlog.TornError
	var corrupt *txnlog.CorruptError
	got := ""
	switch {
	case err == nil:
		got = "end zeros or eof"
	case errors.As(err, &torn):
		got = "end torn"
	case errors.As(err, &corrupt):
		got = "end corrupt"
	default:
		got = err.Error()
	}
	if want == "end zeros" || want == "end eof" {
		want = "end zeros or eof"
	}
	if got != want {
		t.Errorf("%s: got %q (%v), want %q", name, got, err, want)
	}
}

func TestEveryRecordIsWrittenAgainAsTheServerWroteIt(t *testing.T) {
	t.Parallel()
	eachServer(t, func(t *testing.T, d directory) {
		for _, name := range d.logNames(t) {
			r := txnlog.NewReader(open(t, d.logs, name), name)
			for rec, err := r.Next(); err == nil; rec, err = r.Next() {
				txn, err := rec.Decode()
				if err != nil {
					t.Fatal(err)
				}
				if got := txnlog.Encode(txn); string(got) != string(rec.Payload) {
					t.Errorf("%s: %s: encoded as %x, the server wrote %x", name, rec.Zxid, got, rec.Payload)
				}
			}
		}
	})
}

func TestEverySnapshotDecodesAsZooKeeperDecodesIt(t *testing.T) {
	t.Parallel()
	eachServer(t, func(t *testing.T, d directory) {
		for _, name := range d.snapshotNames(t) {
			want := forgetQuotaStats(d.expected(t, name+".exact"))
			if delta := diff.Diff(want, exactSnapshot(t, open(t, d.snapshots, name), name)); delta != "" {
				t.Errorf("%s: -ZooKeeper +zkark:\n%s", name, delta)
			}
		}
	})
}

// exactSnapshot reads a snapshot and lists its sessions and nodes in the order of the expected account.
func exactSnapshot(t *testing.T, f *os.File, name string) []string {
	_, pack, _ := zookeeper.ParseSnapshotName(name)
	r, err := snapshot.NewReader(f, name, pack)
	if err != nil {
		t.Fatal(err)
	}
	lines := exactSessions(r.Sessions())
	acls := map[int64]string{snapshot.OpenACL: `[31:"world":"anyone"]`}
	for _, a := range r.ACLs() {
		acls[a.ID] = exactACL(a.ACL)
	}
	nodes := map[string]string{}
	for {
		n, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		nodes[n.Path] = exactNode(cmp.Or(n.Path, "/"), n.Data, n.Stat, cmp.Or(acls[n.ACL], "dangling"))
	}
	for _, path := range sortedPaths(nodes) {
		lines = append(lines, nodes[path])
	}
	return lines
}

func exactSessions(sessions []snapshot.Session) []string {
	sessions = slices.Clone(sessions)
	slices.SortFunc(sessions, func(a, b snapshot.Session) int { return cmp.Compare(a.ID, b.ID) })
	lines := make([]string, len(sessions))
	for i, s := range sessions {
		lines[i] = fmt.Sprintf("session 0x%x timeout=%d", uint64(s.ID), s.Timeout)
	}
	return lines
}

// sortedPaths puts each node before its children and sorts the children.
func sortedPaths(nodes map[string]string) []string {
	paths := make([]string, 0, len(nodes))
	for p := range nodes {
		paths = append(paths, p)
	}
	slices.SortFunc(paths, func(a, b string) int {
		return slices.Compare(strings.Split(a, "/"), strings.Split(b, "/"))
	})
	return paths
}
