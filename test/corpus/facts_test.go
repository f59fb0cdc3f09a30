package corpus

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/tree"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

// The tests here keep the corpus honest: a case must contain what it is there for.

// servers unpacks the cases whose names start with prefix, and gives their servers by case.
func servers(t *testing.T, prefix string) map[string][]directory {
	found := map[string][]directory{}
	for _, c := range Open(t) {
		if !strings.HasPrefix(c.Name, prefix) {
			continue
		}
		dir := c.Extract(t)
		for _, s := range c.Servers {
			found[c.Name] = append(found[c.Name], directory{
				Case: c, Server: s,
				snapshots: filepath.Join(dir, s.DataDir, zookeeper.VersionDir),
				logs:      filepath.Join(dir, s.LogDir, zookeeper.VersionDir),
			})
		}
	}
	if len(found) == 0 {
		t.Fatalf("the corpus has no case %s…", prefix)
	}
	return found
}

func TestEveryTypeOfTransactionIsThere(t *testing.T) {
	t.Parallel()
	alone, inside := map[txnlog.Type]int{}, map[txnlog.Type]int{}
	for _, prefix := range []string{"ops-", "reconfig-"} {
		for _, list := range servers(t, prefix) {
			for _, txn := range list[0].history(t) {
				alone[txn.Type]++
				if m, ok := txn.Body.(txnlog.Multi); ok {
					for _, op := range m.Ops {
						inside[op.Type]++
					}
				}
			}
		}
	}
	for _, typ := range []txnlog.Type{
		txnlog.TypeCloseSession, txnlog.TypeCreateSession, txnlog.TypeError, txnlog.TypeCreate, txnlog.TypeDelete,
		txnlog.TypeSetData, txnlog.TypeSetACL, txnlog.TypeMulti, txnlog.TypeCreate2, txnlog.TypeReconfig,
		txnlog.TypeCreateContainer, txnlog.TypeDeleteContainer, txnlog.TypeCreateTTL,
	} {
		if alone[typ] == 0 {
			t.Errorf("no transaction of type %d", typ)
		}
	}
	for _, typ := range []txnlog.Type{
		txnlog.TypeError, txnlog.TypeCreate, txnlog.TypeDelete, txnlog.TypeSetData, txnlog.TypeCheck,
		txnlog.TypeCreateContainer, txnlog.TypeCreateTTL,
	} {
		if inside[typ] == 0 {
			t.Errorf("no operation of type %d inside a multi", typ)
		}
	}
}

func TestAnErrorCanRepeatAZxid(t *testing.T) {
	t.Parallel()
	for name, list := range servers(t, "ops-") {
		history := list[0].history(t)
		if !slices.ContainsFunc(history[1:], func(txn txnlog.Txn) bool {
			body, ok := txn.Body.(txnlog.Error)
			return ok && body.Code == -5
		}) {
			t.Errorf("%s: no record of an undecodable request", name)
		}
	}
}

func TestAFuzzySnapshotIsNotTheStateOfItsName(t *testing.T) {
	t.Parallel()
	dangling := 0
	for name, list := range servers(t, "fuzzy-3.") {
		fuzzy := 0
		for _, snap := range list[0].snapshotNames(t) {
			loaded, trailer := list[0].load(t, snap)
			dangling += loaded.Dangling()
			if trailer.Digest != nil && trailer.Digest.Zxid > loaded.LastZxid() {
				fuzzy++
			}
		}
		if fuzzy == 0 && name != "fuzzy-3.5.10" {
			t.Errorf("%s: no snapshot ends after its name", name)
		}
	}
	if dangling == 0 {
		t.Error("no fuzzy snapshot names an ACL that it lacks")
	}
}

func TestATruncatedLogEndsAfterItsLastRecord(t *testing.T) {
	t.Parallel()
	for name, list := range servers(t, "trunc-") {
		truncated := 0
		for _, d := range list {
			info, err := os.Stat(filepath.Join(d.logs, "log.100000001"))
			if err != nil {
				t.Fatal(err)
			}
			txns, _ := readLog(t, open(t, d.logs, "log.100000001"), "log.100000001")
			if info.Size() < 1<<20 {
				truncated++
			}
			if deadProposals(txns) > 0 {
				t.Errorf("%s: server %d still has dead proposals", name, d.ID)
			}
		}
		if truncated != 1 {
			t.Errorf("%s: %d servers have a truncated log, want 1", name, truncated)
		}
	}
}

func TestAfterSNAPDeadProposalsStayInTheOldLog(t *testing.T) {
	t.Parallel()
	for name, list := range servers(t, "phantom-") {
		with := 0
		for _, d := range list {
			history := d.history(t)
			if deadProposals(history) == 0 {
				continue
			}
			with++
			jump := slices.IndexFunc(history, func(txn txnlog.Txn) bool { return txn.Zxid.Epoch() == 2 })
			if jump < 0 || history[jump].Zxid.Counter() == 1 {
				t.Errorf("%s: server %d has no jump behind its dead proposals", name, d.ID)
			}
		}
		if with != 1 {
			t.Errorf("%s: %d servers have dead proposals, want 1", name, with)
		}
	}
}

func deadProposals(txns []txnlog.Txn) int {
	n := 0
	for _, txn := range txns {
		if c, ok := txn.Body.(txnlog.Create); ok && strings.HasPrefix(c.Path, "/dead") {
			n++
		}
	}
	return n
}

func TestAnElectionCanContinueTheSameLogFile(t *testing.T) {
	t.Parallel()
	for name, list := range servers(t, "election-") {
		continued := slices.ContainsFunc(list, func(d directory) bool {
			txns, _ := readLog(t, open(t, d.logs, "log.100000001"), "log.100000001")
			return txns[len(txns)-1].Zxid.Epoch() > 1
		})
		if !continued {
			t.Errorf("%s: no log goes on in a later epoch", name)
		}
	}
}

func TestAPOSIXServerCountsOtherCharactersAsQuestionMarks(t *testing.T) {
	t.Parallel()
	d := servers(t, "charset-")["charset-3.8.0"][0]
	history := d.history(t)
	last := history[len(history)-1]
	if charset, ok := d.boot(t).Digests().Find(last.Digest.Tree); !ok || charset != tree.ASCII {
		t.Errorf("the last digest is that of charset %v (found: %t), want US-ASCII", charset, ok)
	}
}

func TestServersWriteTheSameTransactionsDifferently(t *testing.T) {
	t.Parallel()
	for name, list := range servers(t, "mixed-") {
		want := payloads(t, list[2])
		for _, d := range list[:2] {
			different := 0
			for zxid, payload := range payloads(t, d) {
				other := want[zxid]
				if len(other) == 0 || !bytes.Equal(payload[:32], other[:32]) {
					t.Errorf("%s: server %d has another header for %s", name, d.ID, zxid)
				}
				if !bytes.Equal(payload, other) {
					different++
				}
			}
			if different == 0 {
				t.Errorf("%s: server %d wrote the bytes of server 3", name, d.ID)
			}
		}
	}
}

func payloads(t *testing.T, d directory) map[zookeeper.Zxid][]byte {
	all := map[zookeeper.Zxid][]byte{}
	for _, name := range d.logNames(t) {
		r := txnlog.NewReader(open(t, d.logs, name), name)
		for rec, err := r.Next(); err == nil; rec, err = r.Next() {
			all[rec.Zxid] = bytes.Clone(rec.Payload)
		}
	}
	return all
}
