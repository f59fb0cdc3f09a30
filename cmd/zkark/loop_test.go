package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/snapshot"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

// loop is a server's directories without a server, an archive, and zkark.
type loop struct {
	t                     *testing.T
	zkark, data, cfg, url string
}

func newLoop(t *testing.T, wrongDigest bool) loop {
	dir := t.TempDir()
	l := loop{t: t, zkark: binary(t, dir), data: filepath.Join(dir, "data"), cfg: filepath.Join(dir, "zoo.cfg"), url: "file://" + dir + "/archive"}
	version2 := filepath.Join(l.data, zookeeper.VersionDir)
	l.must(os.MkdirAll(version2, 0o750))
	l.must(os.WriteFile(l.cfg, []byte("dataDir="+l.data+"\nclientPort=1\n"), 0o666))
	l.must(os.WriteFile(filepath.Join(version2, "snapshot.0"), l.emptySnapshot(), 0o666))
	l.must(os.WriteFile(filepath.Join(version2, "log.1"), l.threeRecords(wrongDigest), 0o666))
	return l
}

func (l loop) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

func (l loop) emptySnapshot() []byte {
	var b bytes.Buffer
	w, err := snapshot.NewWriter(&b, nil, nil)
	l.must(err)
	for _, path := range []string{"", "/zookeeper", "/zookeeper/quota"} {
		l.must(w.Write(snapshot.Node{Path: path, Data: []byte{}, ACL: snapshot.OpenACL}))
	}
	l.must(w.Close(snapshot.Trailer{}))
	return b.Bytes()
}

func (l loop) threeRecords(wrongDigest bool) []byte { return l.records(0, 3, wrongDigest) }

// records is a log of n records after a zxid.
func (l loop) records(after, n int, wrongDigest bool) []byte {
	return l.recordsAt(1795426634037, after, n, wrongDigest)
}

// withLargeRecord is a log of one record with so much data.
func (l loop) withLargeRecord(size int) []byte {
	var b bytes.Buffer
	w, err := txnlog.NewWriter(&b)
	l.must(err)
	l.must(w.Append(txnlog.Encode(txnlog.Txn{
		Header: txnlog.Header{Zxid: 1, Type: txnlog.TypeCreate, Time: 1795426634037},
		Body:   txnlog.Create{Path: "/large", Data: make([]byte, size), ACL: []zookeeper.ACL{{Perms: 31, Scheme: "world", ID: "anyone"}}, ParentCversion: 1},
	})))
	return b.Bytes()
}

// recordsAt is a log of n records after a zxid, made at a time in milliseconds.
func (l loop) recordsAt(ms int64, after, n int, wrongDigest bool) []byte {
	var b bytes.Buffer
	w, err := txnlog.NewWriter(&b)
	l.must(err)
	for i := after; i < after+n; i++ {
		txn := txnlog.Txn{
			Header: txnlog.Header{Zxid: zookeeper.Zxid(i + 1), Type: txnlog.TypeCreate, Time: ms},
			Body:   txnlog.Create{Path: fmt.Sprintf("/node-%d", i+1), ACL: []zookeeper.ACL{{Perms: 31, Scheme: "world", ID: "anyone"}}, ParentCversion: int32(i + 1)},
		}
		if wrongDigest {
			txn.Digest = &txnlog.Digest{Version: 2, Tree: 12345}
		}
		l.must(w.Append(txnlog.Encode(txn)))
	}
	return b.Bytes()
}

// ship runs the sidecar until more records are archived, and stops it.
func (l loop) ship(more ...string) {
	l.t.Helper()
	timeline := filepath.Join(strings.TrimPrefix(l.url, "file://"), "timelines", "00000001")
	before := segments(timeline)
	l.shipUntil(func() bool { return hasBase(timeline) && segments(timeline) > before }, more...)
}

func (l loop) shipUntil(shipped func() bool, more ...string) {
	l.t.Helper()
	var said bytes.Buffer
	args := append([]string{"sidecar", "--zoo-cfg", l.cfg, "--archive", l.url, "--sync-rate", "20"}, more...)
	cmd := exec.CommandContext(l.t.Context(), l.zkark, args...)
	cmd.Stderr = &said
	l.must(cmd.Start())
	for deadline := time.Now().Add(20 * time.Second); !shipped(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			l.t.Fatalf("nothing was shipped: %s", said.String())
		}
	}
	l.must(cmd.Process.Signal(syscall.SIGTERM))
	if err := cmd.Wait(); err != nil {
		l.t.Fatalf("sidecar: %v: %s", err, said.String())
	}
}

func segments(timeline string) int {
	logs, _ := filepath.Glob(filepath.Join(timeline, "log", "*")) // the pattern is good
	return len(logs)
}

func hasBase(timeline string) bool {
	bases, _ := filepath.Glob(filepath.Join(timeline, "snapshot", "*"))
	return len(bases) > 0
}

// restore runs zkark restore and returns its exit code and what it printed.
func (l loop) restore(more ...string) (code int, stdout, stderr string) {
	cmd := exec.CommandContext(l.t.Context(), l.zkark, append([]string{"restore", "--zoo-cfg", l.cfg, "--archive", l.url}, more...)...)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	err := cmd.Run()
	if cmd.ProcessState == nil {
		l.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), said.String()
}

func TestWhatTheSidecarShippedIsRestored(t *testing.T) {
	l := newLoop(t, false)
	l.ship()
	l.must(os.RemoveAll(l.data))

	code, out, said := l.restore("--dry-run", "--at", "0x2")
	if code != 0 || !strings.Contains(out, "would restore  0x2\n") {
		t.Fatalf("dry run: exit %d, %s%s", code, out, said)
	}
	if _, err := os.Stat(l.data); !os.IsNotExist(err) {
		t.Errorf("the dry run touched something: %v", err)
	}

	code, out, said = l.restore("--output", "json")
	var report struct {
		Kind, Target, Proof string
		Segments            []struct{ First, Last string }
		Records             int
	}
	if err := json.Unmarshal([]byte(out), &report); code != 0 || err != nil {
		t.Fatalf("restore: exit %d, %v, %s%s", code, err, out, said)
	}
	if report.Kind != "restored" || report.Target != "0x3" || report.Records != 3 || report.Segments[0].First != "0x1" {
		t.Errorf("the report is %s", out)
	}
	if _, err := os.Stat(filepath.Join(l.data, zookeeper.VersionDir, "log.1")); err != nil {
		t.Error(err)
	}
}

func TestARestoreThatIsNotProvenIsExitCode7AndReplacesNothing(t *testing.T) {
	l := newLoop(t, true)
	l.ship()
	l.must(os.RemoveAll(l.data))
	l.must(os.Mkdir(l.data, 0o777))
	code, out, said := l.restore()
	if code != 7 || out != "" {
		t.Errorf("exit %d, %s%s", code, out, said)
	}
	left, err := os.ReadDir(l.data)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestAPointThatNoChainReachesIsExitCode4(t *testing.T) {
	l := newLoop(t, false)
	l.ship()
	timeline := filepath.Join(strings.TrimPrefix(l.url, "file://"), "timelines", "00000001")
	l.must(os.RemoveAll(filepath.Join(timeline, "snapshot")))
	segments, err := filepath.Glob(filepath.Join(timeline, "log", "0000000000000001-*"))
	l.must(err)
	for _, name := range segments {
		l.must(os.Rename(name, strings.NewReplacer("0000000000000001-", "0000000000000002-", "after-0000000000000000", "after-0000000000000001").Replace(name)))
	}
	if code, out, said := l.restore("--force"); code != 4 {
		t.Errorf("exit %d, %s%s", code, out, said)
	}
}

func TestStatusShowsWhatTheSidecarShipped(t *testing.T) {
	l := newLoop(t, false)
	l.ship()
	out, err := exec.CommandContext(t.Context(), l.zkark, "status", "--archive", l.url, "--output", "json").Output()
	var status struct {
		Kind, Cluster, Newest string
		Restorable            []struct{ First, Last string }
		Gaps, Dead            []any
	}
	if err := errors.Join(err, json.Unmarshal(out, &status)); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if status.Kind != "status" || status.Newest != "0x3" || len(status.Restorable) != 1 || status.Restorable[0].Last != "0x3" || len(status.Gaps)+len(status.Dead) > 0 {
		t.Errorf("status is %s", out)
	}
}
