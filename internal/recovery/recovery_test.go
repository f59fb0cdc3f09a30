package recovery

import (
	"errors"
	"maps"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/tree"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

// world is a random tree below / with few names, so that two of them meet.
func world(t *rapid.T, label string, ephemerals bool) Subtree {
	all := Subtree{"/": node("/", Persistent, "", 31)}
	names := []string{"/app", "/app2", "/app/a", "/app/a/x", "/app/a/y", "/app/b", "/app/b\xff", "/app2/a", "/ap"}
	kinds := []Kind{Persistent, Persistent, Container, TTL}
	if ephemerals {
		kinds = append(kinds, Ephemeral)
	}
	for _, p := range names {
		above, ok := all[path.Dir(p)]
		if !ok || above.Kind == Ephemeral || !rapid.Bool().Draw(t, label+p) {
			continue
		}
		n := node(p, rapid.SampledFrom(kinds).Draw(t, "kind"), rapid.SampledFrom([]string{"", "1", "2"}).Draw(t, "data"), rapid.Int32Range(1, 2).Draw(t, "acl"))
		n.Version, n.Aversion = rapid.Int32Range(0, 3).Draw(t, "version"), rapid.Int32Range(0, 3).Draw(t, "aversion")
		all[p] = n
	}
	return all
}

func node(p string, kind Kind, data string, perms int32) Node {
	n := Node{Path: p, Data: []byte(data), Kind: kind, ACL: []zookeeper.ACL{{Perms: perms, Scheme: "world", ID: "any\xed"}}}
	if kind == TTL {
		n.TTL = time.Minute
	}
	return n
}

// apply makes changes as a server would, and fails where a server would.
func apply(t *rapid.T, live Subtree, changes []Change) {
	for _, c := range changes {
		have, ok := live[c.Path]
		switch c.Op {
		case Create:
			if above, there := live[path.Dir(c.Path)]; ok || !there || above.Kind == Ephemeral {
				t.Fatalf("create %q cannot be done", c.Path)
			}
			n := c.Now
			n.Version, n.Aversion = 0, 0
			live[c.Path] = n
		case Delete:
			for p := range live {
				if path.Dir(p) == c.Path {
					t.Fatalf("delete %q, which has children", c.Path)
				}
			}
			if !ok || have.Version != c.Was.Version {
				t.Fatalf("delete %q cannot be done", c.Path)
			}
			delete(live, c.Path)
		case SetData:
			if !ok || have.Version != c.Was.Version {
				t.Fatalf("set %q cannot be done", c.Path)
			}
			have.Data, have.Version = c.Now.Data, have.Version+1
			live[c.Path] = have
		case SetACL:
			if !ok || have.Aversion != c.Was.Aversion {
				t.Fatalf("set the ACL of %q cannot be done", c.Path)
			}
			have.ACL, have.Aversion = c.Now.ACL, have.Aversion+1
			live[c.Path] = have
		}
	}
}

func draw(t *rapid.T) (want, live Subtree, s Scope) {
	want, live = world(t, "want ", false), world(t, "live ", true)
	s = Scope{Path: "/app", Only: rapid.Bool().Draw(t, "only")}
	for p := range want {
		if p != "/" && !s.holds(p) {
			delete(want, p)
		}
	}
	return want, live, s
}

func TestApplyingADiffLeavesNothingToChangeAndTouchesNothingElse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want, live, s := draw(t)
		remove := rapid.Bool().Draw(t, "remove")
		after := maps.Clone(live)
		changes := Diff(want, live, s, remove).Changes
		apply(t, after, changes)
		if left := Diff(want, after, s, remove).Changes; len(left) > 0 {
			t.Fatalf("left to do: %v", left)
		}
		for p, n := range live {
			if (!s.holds(p) || n.Kind == Ephemeral) && !cmp.Equal(n, after[p]) {
				t.Fatalf("%q was touched", p)
			}
		}
	})
}

func TestARecoveryKilledBetweenBatchesIsFinishedByTheNext(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want, live, s := draw(t)
		changes := Diff(want, live, s, true).Changes
		apply(t, live, changes[:rapid.IntRange(0, len(changes)).Draw(t, "killed after")])
		apply(t, live, Diff(want, live, s, true).Changes)
		if left := Diff(want, live, s, true).Changes; len(left) > 0 {
			t.Fatalf("left to do: %v", left)
		}
	})
}

func TestUndoBringsBackWhatWasThereHoweverFarTheRecoveryCame(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		want, live, s := draw(t)
		before := maps.Clone(live)
		name := filepath.Join(dir, "undo")
		changes := Diff(want, live, s, true).Changes
		if err := WriteUndo(name, s, changes); err != nil {
			t.Fatal(err)
		}
		defer os.Remove(name)
		apply(t, live, changes[:rapid.IntRange(0, len(changes)).Draw(t, "killed after")])
		read, err := ReadUndo(name)
		if err != nil {
			t.Fatal(err)
		}
		back, err := Undo(read, live)
		if err != nil {
			t.Fatal(err)
		}
		apply(t, live, back[:rapid.IntRange(0, len(back)).Draw(t, "undo killed after")])
		back, err = Undo(read, live)
		if err != nil {
			t.Fatal(err)
		}
		apply(t, live, back)
		for p := range live {
			if was, ok := before[p]; !ok || !was.sameContent(live[p]) || !was.sameKind(live[p]) {
				t.Fatalf("%q was %v and is %v", p, before[p], live[p])
			}
		}
		if len(live) != len(before) {
			t.Fatalf("there were %d znodes and are %d", len(before), len(live))
		}
	})
}

func TestUndoRefusesAZnodeThatSomebodyChangedSince(t *testing.T) {
	was, now := node("/a", Persistent, "1", 31), node("/a", Persistent, "2", 31)
	live := node("/a", Persistent, "3", 31)
	live.Version = 2
	var conflict *ConflictError
	if _, err := Undo([]Change{{Op: SetData, Path: "/a", Was: was, Now: now}}, Subtree{"/a": live}); !errors.As(err, &conflict) {
		t.Errorf("Undo says %v", err)
	}
}

func TestAnUndoFileCutShortIsRefused(t *testing.T) {
	name := filepath.Join(t.TempDir(), "undo")
	changes := []Change{{Op: Create, Path: "/a", Now: node("/a", Persistent, "1", 31)}, {Op: Delete, Path: "/b", Was: node("/b", Persistent, "1", 31)}}
	if err := WriteUndo(name, Scope{Path: "/"}, changes); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v, %v", info, err)
	}
	if err := WriteUndo(name, Scope{Path: "/"}, changes); !errors.Is(err, os.ErrExist) {
		t.Errorf("a second WriteUndo says %v", err)
	}
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(whole) - 1 {
		if err := os.WriteFile(name, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadUndo(name); err == nil {
			t.Fatalf("ReadUndo takes the first %d of %d bytes", n, len(whole))
		}
	}
}

func TestBatchesKeepTheOrderAndTheLimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want, live, s := draw(t)
		changes := Diff(want, live, s, true).Changes
		const limit = 300
		batches, err := Batches(changes, limit)
		if err != nil {
			t.Fatal(err)
		}
		var all []Change
		for _, b := range batches {
			size := 0
			for _, c := range b {
				size += c.size()
				if c.single() && len(b) > 1 {
					t.Fatalf("%s %q is not alone", c.Op, c.Path)
				}
			}
			if len(b) == 0 || size > limit {
				t.Fatalf("a batch of %d changes has %d bytes", len(b), size)
			}
			all = append(all, b...)
		}
		if diff := cmp.Diff(changes, all); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestAZnodeThatFitsIntoNoRequestIsNamed(t *testing.T) {
	big := node("/a\nb", Persistent, strings.Repeat("x", 2000), 31)
	var large *TooLargeError
	if _, err := Batches([]Change{{Op: Create, Path: big.Path, Now: big}}, 1500); !errors.As(err, &large) || !strings.Contains(err.Error(), `"/a\nb"`) {
		t.Errorf("Batches says %v", err)
	}
}

func TestAScopeIsAPathAndWhatIsBelowItAndNothingOfZooKeepersOwn(t *testing.T) {
	s := Scope{Path: "/app"}
	for p, want := range map[string]bool{"/app": true, "/app/a": true, "/app2": false, "/ap": false, "/": false} {
		if got := s.holds(p); got != want {
			t.Errorf("holds(%q) is %t", p, got)
		}
	}
	if root := (Scope{Path: "/"}); root.holds("/zookeeper") || root.holds("/zookeeper/quota") || !root.holds("/zookeeper2") {
		t.Error("the root's scope is wrong about /zookeeper")
	}
	for _, p := range []string{"", "app", "/app/", "//app", "/a/../b", "/zookeeper", "/zookeeper/config"} {
		if (Scope{Path: p}).Check() == nil {
			t.Errorf("Check takes %q", p)
		}
	}
}

func TestMissingParentsComeBackFromTheArchiveToo(t *testing.T) {
	archived := tree.New()
	acl := []zookeeper.ACL{{Perms: 31, Scheme: "world", ID: "anyone"}}
	for i, p := range []string{"/a", "/a/b", "/a/b/c", "/a/other"} {
		txn := txnlog.Txn{Header: txnlog.Header{Zxid: zookeeper.MakeZxid(1, uint32(i+1)), Type: txnlog.TypeCreate}, Body: txnlog.Create{Path: p, Data: []byte(p), ACL: acl}}
		if err := archived.Apply(txn); err != nil {
			t.Fatal(err)
		}
	}
	s := Scope{Path: "/a/b"}
	want, err := Select(archived, s)
	if err != nil {
		t.Fatal(err)
	}
	var created []string
	for _, c := range Diff(want, Subtree{"/": {Path: "/", Kind: Persistent}}, s, true).Changes {
		created = append(created, c.Path)
	}
	if diff := cmp.Diff([]string{"/a", "/a/b", "/a/b/c"}, created); diff != "" {
		t.Error(diff)
	}
	if _, err := Select(archived, Scope{Path: "/none"}); err == nil {
		t.Error("Select finds what is not there")
	}
}

func TestTheRootIsRecoveredWithEveryNameAndWithoutZooKeepersOwn(t *testing.T) {
	archived := tree.New()
	acl := []zookeeper.ACL{{Perms: 31, Scheme: "world", ID: "anyone"}}
	for i, p := range []string{"/a", "/a/b", "/zookeeper/mine"} {
		txn := txnlog.Txn{Header: txnlog.Header{Zxid: zookeeper.MakeZxid(1, uint32(i+1)), Type: txnlog.TypeCreate}, Body: txnlog.Create{Path: p, ACL: acl}}
		if err := archived.Apply(txn); err != nil {
			t.Fatal(err)
		}
	}
	want, err := Select(archived, Scope{Path: "/"})
	if err != nil {
		t.Fatal(err)
	}
	live := Subtree{"/": want["/"], "/extra": node("/extra", Lasting, "", 31)}
	var changes []string
	for _, c := range Diff(want, live, Scope{Path: "/"}, true).Changes {
		changes = append(changes, string(c.Op)+" "+c.Path)
	}
	if diff := cmp.Diff([]string{"create /a", "create /a/b", "delete /extra"}, changes); diff != "" {
		t.Error(diff)
	}
}
