package corpus

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	diff "github.com/google/go-cmp/cmp"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/snapshot"
	"github.com/zkark/zkark/internal/zookeeper/tree"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

// history is every record of a directory, in the order of its files.
func (d directory) history(t *testing.T) []txnlog.Txn {
	var all []txnlog.Txn
	for _, name := range d.logNames(t) {
		txns, _ := readLog(t, open(t, d.logs, name), name)
		all = append(all, txns...)
	}
	return all
}

// load reads a snapshot into a tree.
func (d directory) load(t *testing.T, name string) (*tree.Tree, snapshot.Trailer) {
	start, pack, _ := zookeeper.ParseSnapshotName(name)
	r, err := snapshot.NewReader(open(t, d.snapshots, name), name, pack)
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := tree.Load(r, start)
	if err != nil {
		t.Fatal(err)
	}
	return loaded, r.Trailer()
}

// boot is the tree that the directory makes: the newest snapshot, if there is one, and every record after it.
func (d directory) boot(t *testing.T) *tree.Tree {
	booted, names := tree.New(), d.snapshotNames(t)
	if strings.HasPrefix(d.Release, "3.4.") { // tree.New is the tree of 3.5
		if err := booted.Delete([]string{"/zookeeper/config"}, 0); err != nil {
			t.Fatal(err)
		}
	}
	if len(names) > 0 {
		booted, _ = d.load(t, names[len(names)-1])
	}
	start := booted.LastZxid()
	for _, txn := range d.history(t) {
		if txn.Zxid <= start {
			continue
		}
		if err := booted.Apply(txn); err != nil {
			t.Fatal(err)
		}
	}
	return booted
}

func exactTree(t *testing.T, from *tree.Tree) []string {
	lines := exactSessions(from.Sessions())
	err := from.Walk(func(n tree.Node) error {
		acl := exactACL(n.ACL)
		if n.Dangling {
			acl = "dangling"
		}
		lines = append(lines, exactNode(cmp.Or(n.Path, "/"), n.Data, n.Stat, acl))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

func TestReplayMakesTheTreeThatZooKeeperBoots(t *testing.T) {
	t.Parallel()
	eachServer(t, func(t *testing.T, d directory) {
		if !d.Boots {
			t.Skip("its own release refuses it:", d.Refusal)
		}
		booted := d.boot(t)
		if booted.LastZxid() != d.LastZxid {
			t.Errorf("last zxid %s, ZooKeeper says %s", booted.LastZxid(), d.LastZxid)
		}
		want, got := forgetQuotaStats(d.expected(t, "state.exact")), exactTree(t, booted)
		excuseACLs(t, want, got, d.loggedACLs(t))
		if delta := diff.Diff(want, got); delta != "" {
			t.Errorf("-ZooKeeper +zkark:\n%s", delta)
		}
		if d.Digest == "" || strings.Contains(d.Flags, "digest.enabled=false") {
			return
		}
		digest, err := strconv.ParseUint(d.Digest, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := booted.Digests().Find(digest); !ok {
			t.Errorf("digest %v, ZooKeeper says %d", booted.Digests(), digest)
		}
	})
}

// excuseACLs makes equal what differs only in an ACL where ours is the one that the log gives the node: a server of
// a release before 3.8.5 or 3.9.4 that boots from a fuzzy snapshot can give nodes ACLs of others, or none
// (ZOOKEEPER-4846).
func excuseACLs(t *testing.T, want, got []string, logged map[string]string) {
	for i := range min(len(want), len(got)) {
		theirs, _, _ := strings.Cut(want[i], " acl=")
		ours, acl, isNode := strings.Cut(got[i], " acl=")
		path, _, _ := strings.Cut(strings.TrimPrefix(ours, "node "), " data=")
		if isNode && theirs == ours && want[i] != got[i] && logged[path] == acl {
			t.Logf("ZooKeeper boots with a wrong ACL: %s", want[i])
			want[i] = got[i]
		}
	}
}

// loggedACLs are the ACLs that the log last gave each path, both as an exact account writes them.
func (d directory) loggedACLs(t *testing.T) map[string]string {
	logged := map[string]string{}
	for _, txn := range d.history(t) {
		switch b := txn.Body.(type) {
		case txnlog.Create:
			logged[exactString(b.Path)] = exactACL(b.ACL)
		case txnlog.SetACL:
			logged[exactString(b.Path)] = exactACL(b.ACL)
		}
	}
	return logged
}

// follows tells whether a record is the next one of the same history, and not one beyond a jump.
func follows(last zookeeper.Zxid, txn txnlog.Txn) bool {
	z := txn.Zxid
	switch {
	case z == last:
		return txn.Type == txnlog.TypeError
	case z.Epoch() == last.Epoch():
		return z.Counter() == last.Counter()+1
	}
	return z.Epoch() > last.Epoch() && z.Counter() == 1
}

func TestReplayFromEverySnapshotMeetsEveryRecordedDigest(t *testing.T) {
	t.Parallel()
	eachServer(t, func(t *testing.T, d directory) {
		all := d.history(t)
		for _, name := range d.snapshotNames(t) {
			checked, err := d.replayFrom(t, name, all)
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			t.Logf("%s: %d digests", name, checked)
		}
	})
}

// replayFrom replays what follows a snapshot, as far as it is one history, and compares every digest from the snapshot's end on.
func (d directory) replayFrom(t *testing.T, name string, all []txnlog.Txn) (checked int, err error) {
	state, trailer := d.load(t, name)
	start, end := state.LastZxid(), state.LastZxid()
	if trailer.Digest != nil {
		end = max(end, trailer.Digest.Zxid)
	}
	if trailer.LastZxid != nil {
		end = max(end, *trailer.LastZxid)
	}
	for _, txn := range all {
		if txn.Zxid <= start {
			continue
		}
		if last := state.LastZxid(); !follows(last, txn) {
			if last == start {
				return 0, nil // the log begins before the snapshot ends, or there is a jump at once
			}
			return checked, nil
		}
		if err := state.Apply(txn); err != nil {
			return checked, err
		}
		if txn.Digest == nil || txn.Digest.Version != 2 || txn.Zxid < end {
			continue
		}
		if _, ok := state.Digests().Find(txn.Digest.Tree); !ok {
			return checked, fmt.Errorf("digest after %s is %v, the server recorded %d", txn.Zxid, state.Digests(), txn.Digest.Tree)
		}
		checked++
	}
	if state.LastZxid() >= end && state.Dangling() != 0 {
		return checked, errors.New("a node's ACL is still unknown after the end of the snapshot")
	}
	return checked, nil
}
