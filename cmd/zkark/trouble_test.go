package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/test/s3server"
)

// refuse answers as S3 does, and has what changes nothing forwarded where only writing is refused.
func refuse(status int, code string, writesOnly bool) s3server.Fault {
	return func(w http.ResponseWriter, r *http.Request, server http.Handler) {
		if writesOnly && r.Method == http.MethodGet {
			server.ServeHTTP(w, r)
			return
		}
		_, _ = io.Copy(io.Discard, r.Body) // or the connection may break before the client has read the answer
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "<Error><Code>"+code+"</Code><Message>so it is</Message></Error>")
	}
}

// What a store refuses is told in one sentence, in the status, the metrics and the log, and has an exit code. The sidecar goes on trying: as
// soon as somebody has mended it everything is archived, and that is told too.
func TestASidecarTellsWhatTheStoreRefusesAndGoesOnWhenItIsMended(t *testing.T) {
	server := s3server.Start(t)
	t.Setenv("ZKARK_S3_PATH_STYLE", "true")
	for name, c := range map[string]struct {
		fault    s3server.Fault
		sentence string
		code     int
	}{
		"a bucket that is not there":       {nil, "no such bucket: s3://", 6},
		"no permission to write":           {refuse(403, "AccessDenied", true), "access denied", 6},
		"credentials that have expired":    {refuse(400, "ExpiredToken", false), "access denied", 6},
		"a store without what is needed":   {refuse(501, "NotImplemented", true), "If-None-Match", 2},
		"a lifecycle that holds something": {refuse(409, "OperationAborted", true), "store unavailable", 6},
	} {
		t.Run(name, func(t *testing.T) {
			bucket := strings.ReplaceAll(name, " ", "-")
			if c.fault != nil {
				server.CreateBucket(t, bucket)
			}
			proxy := server.NewProxy(t)
			t.Setenv("ZKARK_S3_ENDPOINT", proxy.Endpoint())
			l := newLoop(t, false)
			l.url = "s3://" + bucket + "/zk"
			proxy.Inject(c.fault)
			sidecar := l.start()
			sidecar.wait("/status", c.sentence, `"pendingRecords":3`)
			sidecar.wait("/metrics", "zkark_failing 1\n")
			sidecar.wait("/livez", "ok")
			sidecar.wait("/readyz", "ok")
			if code, said := sidecar.end(); code != c.code || !strings.Contains(last(said), c.sentence) || !strings.Contains(said, "level=WARN") {
				t.Errorf("exit %d, %s", code, said)
			}
			sidecar = l.start()
			sidecar.wait("/metrics", "zkark_failing 1\n")
			if c.fault == nil {
				server.CreateBucket(t, bucket)
			}
			proxy.Inject(nil)
			sidecar.wait("/status", `"errors":[]`, `"archived":"0x3"`)
			if code, said := sidecar.end(); code != 0 || !strings.Contains(said, "recovered: archive the log") {
				t.Errorf("when it was mended: exit %d, %s", code, said)
			}
		})
	}
}

// Two clusters that were pointed at one place: the second adds nothing, and says why.
func TestASecondClusterIsRefusedInAnotherOnesArchive(t *testing.T) {
	l := newLoop(t, false)
	l.ship()
	before := l.below(strings.TrimPrefix(l.url, "file://"))
	other := newLoop(t, false)
	other.url = l.url
	l.must(os.WriteFile(filepath.Join(other.data, zookeeper.VersionDir, "log.1"), other.recordsAt(1795426777000, 0, 4, false), 0o666))
	sidecar := other.start()
	sidecar.wait("/status", "the archive holds another history than this server", `"pendingRecords":1`)
	sidecar.wait("/metrics", "zkark_failing 1\n")
	sidecar.wait("/readyz", "ok")
	if code, said := sidecar.end(); code != 5 || !strings.Contains(last(said), "another history") || !strings.Contains(last(said), "a prefix of its own") {
		t.Errorf("exit %d, %s", code, said)
	}
	if diff := cmp.Diff(before, l.below(strings.TrimPrefix(l.url, "file://"))); diff != "" {
		t.Errorf("the archive was changed (-before +after):\n%s", diff)
	}
}

func TestAnArchiveThatZkarkDidNotWriteIsLeftAloneAndToldApart(t *testing.T) {
	for name, content := range map[string]string{
		"another program's": "[]", "damaged": "{\"format\": 1, ", "without a cluster": "{}",
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t, false)
			dir := strings.TrimPrefix(l.url, "file://")
			l.must(os.Mkdir(dir, 0o755))
			l.write(filepath.Join(dir, "zkark.json"), content)
			sidecar := l.start()
			sidecar.wait("/status", "not a zkark archive")
			if code, said := sidecar.end(); code != 2 || !strings.Contains(last(said), "not a zkark archive") {
				t.Errorf("sidecar: exit %d, %s", code, said)
			}
			if code, _, said := l.restore("--force"); code != 2 || !strings.Contains(said, "not a zkark archive") || strings.Count(said, "\n") != 1 {
				t.Errorf("restore: exit %d, %s", code, said)
			}
			if files := l.below(dir); len(files) != 1 {
				t.Errorf("the directory holds %v", files)
			}
		})
	}
}

// No user, root among them, makes a directory in Linux's /sys.
func TestAnArchiveDirectoryThatMayNotBeWrittenToIsTold(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs Linux's /sys, in which nobody may write")
	}
	l := newLoop(t, false)
	l.url = "file:///sys/zkark"
	sidecar := l.start()
	sidecar.wait("/status", "access denied", `"pendingRecords":3`)
	sidecar.wait("/readyz", "ok")
	if code, said := sidecar.end(); code != 6 || !strings.Contains(last(said), "access denied") || !strings.Contains(last(said), "/sys/zkark") {
		t.Errorf("exit %d, %s", code, said)
	}
}

// The limit of clients' requests, 1 MiB, is none for the records of a log.
func TestARecordBeyondEveryLimitOfClientsComesBack(t *testing.T) {
	l := newLoop(t, false)
	log := l.withLargeRecord(9 << 20)
	name := filepath.Join(l.data, zookeeper.VersionDir, "log.1")
	l.must(os.WriteFile(name, log, 0o666))
	l.ship()
	l.must(os.RemoveAll(l.data))
	if code, out, said := l.restore(); code != 0 {
		t.Fatalf("exit %d, %s%s", code, out, said)
	}
	if got, err := os.ReadFile(name); err != nil || string(got) != string(log) {
		t.Errorf("%d bytes came back of %d, %v", len(got), len(log), err)
	}
}
