package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/zkark/zkark/internal/zookeeper/probe"
	"github.com/zkark/zkark/test/zkserver"
)

// Leader and followers, before and after something was archived.
func TestDoctorIsContentWithEachServerOfAnEnsembleAndWithItsArchive(t *testing.T) {
	release := zkserver.Require(t)
	servers, err := zkserver.NewEnsemble(release, t.TempDir(), 3, zkserver.Options{Config: []string{"autopurge.purgeInterval=24"}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for _, s := range servers {
		s.EndWith(t)
		if err := s.Launch(); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range servers {
		if err := s.WaitReady(ctx); err != nil {
			t.Fatal(err)
		}
	}
	session, err := probe.Open(servers[0].Addr(), probe.SessionOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	if err := session.Sync(ctx); err != nil {
		t.Fatal(err)
	}
	zkark, url := binary(t, t.TempDir()), "file://"+t.TempDir()+"/archive"
	examineEach(t, zkark, url, servers)
	shipOnce(t, zkark, url, servers[0])
	for _, checks := range examineEach(t, zkark, url, servers) {
		if f := checks["history"]; f.Severity != "ok" || !strings.Contains(f.Sentence, "same millisecond") {
			t.Errorf("history: %+v", f)
		}
	}
}

// examineEach wants no warning and no failure for any server, and returns what was found by check.
func examineEach(t *testing.T, zkark, url string, servers []*zkserver.Server) (each []map[string]found) {
	t.Helper()
	for _, s := range servers {
		out, err := exec.CommandContext(t.Context(), zkark, "doctor", "--output", "json", "--zoo-cfg", s.ConfigFile(), "--archive", url).Output()
		if err != nil {
			t.Errorf("%v: %s", err, out)
		}
		checks := map[string]found{}
		for d := json.NewDecoder(bytes.NewReader(out)); d.More(); {
			var f found
			if err := d.Decode(&f); err != nil {
				t.Fatal(err)
			}
			if f.Severity != "ok" && f.Severity != "note" {
				t.Errorf("%+v", f)
			}
			checks[f.Check] = f
		}
		each = append(each, checks)
	}
	return each
}

// shipOnce runs a sidecar that is told to end as soon as it runs: it ships what there is first.
func shipOnce(t *testing.T, zkark, url string, s *zkserver.Server) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), zkark, "sidecar", "--zoo-cfg", s.ConfigFile(), "--archive", url)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	for part := make([]byte, 1<<12); !strings.Contains(said.String(), "the sidecar starts"); {
		n, err := stderr.Read(part)
		said.Write(part[:n])
		if err != nil {
			t.Fatalf("%v: %s", err, &said)
		}
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_, _ = said.ReadFrom(stderr) // until it has ended
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %s", err, &said)
	}
}
