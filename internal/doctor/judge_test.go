package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/store"
	"github.com/zkark/zkark/internal/store/mem"
	"github.com/zkark/zkark/internal/zookeeper/probe"
	"github.com/zkark/zkark/internal/zookeeper/zoocfg"
)

// Judgements on facts that no machine for tests can be brought to show.
func TestEveryJudgementSaysHowBadItIsAndWhatToDo(t *testing.T) {
	cfg := zoocfg.Config{Path: "zoo.cfg", DataDir: "/data", LogDir: "/log"}
	server := probe.Server{Role: probe.Follower, Zxid: 0x500000007, Version: "3.8.0"}
	for _, tc := range []struct {
		name     string
		findings []Finding
		severity Severity
		want     string // in the sentence or the fix
	}{
		{"a full disk", judgeDisk("/data", 1<<20, 5<<20), Warning, "make room"},
		{"room enough", judgeDisk("/data", 5<<20, 5<<20), OK, "5.0 MiB free"},
		{"a small spool", judgeSpool("/tmp", 1<<20, 2<<20, nil), Warning, "a larger disk"},
		{"no notifications", judgeNotify(watches{128, 8192, errors.New("too many open files")}), Warning, "max_user_instances=512"},
		{"few watches", judgeNotify(watches{128, 8, nil}), Warning, "max_user_watches"},
		{"few instances", judgeNotify(watches{1, 8192, nil}), Warning, "1 inotify instances"},
		{"limits that nobody tells", judgeNotify(watches{-1, -1, nil}), OK, "notified"},
		{"a clock far ahead", judgeClock("the store's", 20*time.Minute, true), Failure, "20m0s ahead of the store's"},
		{"a clock a little behind", judgeClock("the store's", -time.Minute, true), Warning, "1m0s behind"},
		{"a clock that is right", judgeClock("the store's", time.Second, true), OK, "agrees"},
		{"a clock that was not asked", judgeClock("the store's", 0, false), Note, "not asked"},
		{"a server whose whitelist lacks srvr", judgeAnswer(cfg, nil, answer{err: probe.ErrNotAllowed}), Warning, "4lw.commands.whitelist=srvr, mntr, conf"},
		{"a server whose whitelist is the default", judgeWords(nil), Note, "4lw.commands.whitelist"},
		{"a server whose whitelist has all", judgeWords(map[string]string{"4lw.commands.whitelist": "srvr, mntr,conf"}), OK, "allows"},
		{"a server without a quorum", judgeServer(probe.Server{Role: probe.Looking}), Warning, "start the other servers"},
		{"a server that lost its quorum", judgeServer(probe.Server{Role: probe.ReadOnly}), Warning, "read-only"},
		{"a certificate of nobody known", judgeAnswer(cfg, nil, answer{tls: true, err: &tls.CertificateVerificationError{Err: errors.New("x")}}), Failure, "--zk-tls-ca"},
		{"TLS spoken to a plain port", judgeAnswer(cfg, nil, answer{tls: true, err: errors.New("EOF")}), Failure, "secureClientPort"},
		{"no client port", judgeNoAddress(cfg, nil), Warning, "--zk-server"},
		{"a server that writes elsewhere", judgeWrites(cfg, server, data{last: 0x500000006}), Failure, "writes somewhere else"},
		{"files of a later server", judgeWrites(cfg, server, data{last: 0x900000001}), Failure, "another server's"},
		{"a new leader before its first transaction", judgeWrites(cfg, probe.Server{Zxid: 0x600000000}, data{last: 0x500000007}), OK, "is in its"},
		{"a volume by another name", judgeWrites(cfg, probe.Server{Zxid: 7, Config: &probe.Config{LogDir: "/x/version-2"}}, data{last: 7}), Note, "another name"},
		{"a server number that is not in the list", judgeMyID(zoocfg.Config{Servers: make([]zoocfg.Server, 3)}, 9, nil), Failure, "no server.9"},
		{"fewer snapshots than ZooKeeper keeps", judgePurge(map[string]string{"autopurge.purgeInterval": "1", "autopurge.snapRetainCount": "1"}), Warning, "3 or more"},
		{"old transactions without digests", judgeDigests(false, data{records: true}), Warning, "3.6"},
		{"no transaction yet", judgeDigests(false, data{}), Note, "no transaction"},
		{"logs that the next purge takes", judgeUnshipped(purgeable{2, 1 << 20}), Warning, "start the sidecar"},
		{"an archive that is ahead", judgeHistory(shared{}, archive.Catalog{Segments: []archive.Segment{{Last: 9}}}, 5), Warning, "behind"},
		{"an archive with nothing in common", judgeHistory(shared{}, archive.Catalog{Segments: []archive.Segment{{Last: 9}}}, 50), Note, "no transaction in common"},
		{"an overwritten probe", judgeRead(secondText, nil), Failure, "overwritten in an earlier"},
		{"other bytes than were put", judgeRead("<html>", nil), Failure, "between here and the store"},
		{"an overwrite that fails otherwise", judgeOverwrite(store.ErrUnavailable), Warning, "try again"},
		{"a directory that anybody deletes in", judgeDelete(true, false, store.ErrNotFound), Note, "copy elsewhere"},
		{"a sidecar that may delete because it prunes", judgeDelete(false, true, store.ErrNotFound), OK, "needs"},
		{"an address that is not here", judgeListen("10.9.9.9:1", false, errors.New("cannot assign")), Failure, "address of this machine"},
	} {
		if f := tc.findings[0]; f.Severity != tc.severity || !strings.Contains(f.Sentence+f.Fix, tc.want) {
			t.Errorf("%s: %+v, want %s and %q", tc.name, f, tc.severity, tc.want)
		}
		for _, f := range tc.findings {
			if (f.Severity == Warning || f.Severity == Failure) && f.Fix == "" {
				t.Errorf("%s: no fix in %+v", tc.name, f)
			}
		}
	}
}

func TestLogsAreAtRiskWhenThePurgeMayTakeThemAndTheArchiveLacksThem(t *testing.T) {
	d := data{
		logs:      []dataFile{{"log.1", 1, 10}, {"log.11", 0x11, 20}, {"log.21", 0x21, 30}, {"log.31", 0x31, 40}},
		snapshots: []dataFile{{"snapshot.10", 0x10, 1}, {"snapshot.20", 0x20, 1}, {"snapshot.25", 0x25, 1}, {"snapshot.30", 0x30, 1}},
	}
	if got := atRisk(d, 0); got != (purgeable{1, 10}) {
		t.Errorf("with an empty archive: %+v", got)
	}
	if got := atRisk(d, 0x10); got != (purgeable{}) {
		t.Errorf("when the log is archived: %+v", got)
	}
	d.snapshots = d.snapshots[1:]
	if got := atRisk(d, 0); got != (purgeable{}) {
		t.Errorf("with three snapshots: %+v", got)
	}
}

func TestTheClocksAreComparedWithSecondsToSpare(t *testing.T) {
	at := time.Unix(1.7e9, 0)
	for there, want := range map[time.Time]time.Duration{
		at: 0, at.Add(-time.Second): 0, at.Add(3 * time.Second): 0, at.Add(-time.Hour): time.Hour, at.Add(time.Hour): 2*time.Second - time.Hour,
	} {
		if got := apart(at, at.Add(2*time.Second), there); got != want {
			t.Errorf("%s: %s, want %s", there, got, want)
		}
	}
}

func TestEveryCheckIsExplained(t *testing.T) {
	page, err := os.ReadFile("../../docs/doctor.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range checks() {
		if !strings.Contains(string(page), "| `"+c.name+"` |") {
			t.Errorf("docs/doctor.md does not explain %q", c.name)
		}
	}
	if want := fmt.Sprintf("%d bytes", len(probeText)); !strings.Contains(string(page), want) {
		t.Errorf("docs/doctor.md does not say that the probe has %s", want)
	}
}

// A set-up without a server: what needs one is left out, and the rest is examined.
func examine(t *testing.T, change func(*Setup)) map[string]Finding {
	t.Helper()
	s := Setup{
		ZooCfg: filepath.Join(t.TempDir(), "zoo.cfg"), Archive: "mem", Proc: t.TempDir(), Now: time.Now,
		Server: func(zoocfg.Config) (string, *tls.Config, error) { return "", nil, nil },
		Open:   func(context.Context) (store.Bucket, error) { return mem.New(), nil },
	}
	change(&s)
	found := map[string]Finding{}
	for f := range Examine(t.Context(), s) {
		found[f.Check] = f
	}
	return found
}

func TestAKernelThatAllowsFewWatchesIsFound(t *testing.T) {
	found := examine(t, func(s *Setup) {
		dir := filepath.Join(s.Proc, "sys/fs/inotify")
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "max_user_watches"), []byte("8\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	})
	if f := found["inotify"]; f.Severity != Warning || !strings.Contains(f.Fix, "fs.inotify.max_user_watches") {
		t.Errorf("%+v", f)
	}
}

func TestAnAddressThatASidecarHasIsNoFault(t *testing.T) {
	text := "# TYPE zkark_up gauge\nzkark_up 1\n"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(text)) }))
	defer server.Close()
	listens := func(s *Setup) { s.Listen = strings.TrimPrefix(server.URL, "http://") }
	if f := examine(t, listens)["listen"]; f.Severity != OK || !strings.Contains(f.Sentence, "already") {
		t.Errorf("%+v", f)
	}
	text = "hello"
	if f := examine(t, listens)["listen"]; f.Severity != Failure || !strings.Contains(f.Fix, "another port") {
		t.Errorf("%+v", f)
	}
}

func TestAMachineWhoseClockIsWrongIsFoundByTheStores(t *testing.T) {
	found := examine(t, func(s *Setup) { s.Now = func() time.Time { return time.Now().Add(-time.Hour) } })
	if f := found["clock"]; f.Severity != Failure || !strings.Contains(f.Sentence, "1h0m0s behind the store's") {
		t.Errorf("%+v", f)
	}
}

func TestWhatAnotherCheckHasFoundMissingIsNotLookedAt(t *testing.T) {
	found := examine(t, func(s *Setup) {
		s.Open = func(context.Context) (store.Bucket, error) { return nil, errors.New("no such store") }
	})
	for _, name := range []string{"myid", "directories", "store: create", "archive"} {
		if f, there := found[name]; there {
			t.Errorf("%+v", f)
		}
	}
	if found["zoo.cfg"].Severity != Failure || found["store: list"].Severity != Failure {
		t.Errorf("%+v", found)
	}
}

func TestTheProbeIsRemovedWhereItCanBe(t *testing.T) {
	bucket := mem.New()
	examine(t, func(s *Setup) { s.Open = func(context.Context) (store.Bucket, error) { return bucket, nil } })
	for o := range bucket.List(t.Context(), "", "") {
		t.Errorf("%s is left", o.Key)
	}
}
