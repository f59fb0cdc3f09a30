package deploy

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// foreign tells whether a metric is somebody else's: Prometheus' own, or of kube-state-metrics.
func foreign(name string) bool {
	return slices.Contains([]string{"up", "kube_cronjob_status_last_successful_time"}, name)
}

// afterABreakdown is the one metric that a healthy sidecar does not have.
const afterABreakdown = "zkark_panics_total"

func TestEveryMetricInRulesAndDashboardIsOneThatTheSidecarExports(t *testing.T) {
	exported := exportedMetrics(t)
	documented := documentedMetrics(t)
	for where, expression := range expressions(t) {
		for _, name := range metricsOf(t, where, expression) {
			known := slices.Contains(exported, name) || foreign(name) || name == afterABreakdown && slices.Contains(documented, name)
			if !known {
				t.Errorf("%s names %s, which nothing exports", where, name)
			}
		}
	}
	for _, name := range exported {
		base := regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(name, "")
		if strings.HasPrefix(name, "zkark_") && !slices.Contains(documented, base) {
			t.Errorf("%s is not in docs/metrics.md", name)
		}
	}
	for _, name := range documented {
		if name != afterABreakdown && !slices.Contains(exported, name) && !slices.Contains(exported, name+"_bucket") {
			t.Errorf("docs/metrics.md has %s, which the sidecar did not export", name)
		}
	}
}

func documentedMetrics(t *testing.T) []string {
	rows := regexp.MustCompile("(?m)^\\| (`zkark_[^|]*) \\|").FindAllString(string(read(t, filepath.Join(repository, "docs/metrics.md"))), -1)
	return regexp.MustCompile("zkark_[a-z_]+").FindAllString(strings.Join(rows, " "), -1)
}

// exportedMetrics are those of a sidecar of a follower that shipped an election's records, while its leader is three transactions ahead.
func exportedMetrics(t *testing.T) []string {
	dir := t.TempDir()
	untar(t, "election-3.8.0", dir)
	own, leader := fakeZooKeeper(t, "follower", "0x100000005"), fakeZooKeeper(t, "leader", "0x100000008")
	data := filepath.Join(dir, "2", "data")
	cfg := filepath.Join(dir, "zoo.cfg")
	write(t, cfg, fmt.Sprintf("dataDir=%s\nserver.1=%s:1:2;%s\nserver.2=127.0.0.1:1:2;%s\n", data, leader.host(), leader.port(), own.port()))
	write(t, filepath.Join(data, "myid"), "2\n")
	drilled(t, filepath.Join(dir, "archive"))
	listen := freeAddress(t)
	cmd := exec.CommandContext(t.Context(), zkark(), "sidecar", "--zoo-cfg", cfg, "--archive", "file://"+dir+"/archive", "--listen", listen, "--sync-rate", "20")
	said, err := os.Create(filepath.Join(dir, "sidecar.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	}()
	var names []string
	eventually(t, "the sidecar has shipped, asked and told", func() bool {
		names = scrape(t.Context(), "http://"+listen+"/metrics")
		for _, late := range []string{"zkark_restorable_time_seconds", "zkark_drill_time_seconds", "zkark_behind_leader", "zkark_committed_epoch", "zkark_store_request_seconds_bucket"} {
			if !slices.Contains(names, late) {
				return false
			}
		}
		return true
	}, func() string { return fmt.Sprintf("%q, %s", names, read(t, said.Name())) })
	return names
}

// drilled leaves what a drill leaves that went well.
func drilled(t *testing.T, archive string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(archive, "drills"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(archive, "drills", "20261101T000000.000Z.json"), `{"format":1,"time":"2026-11-01T00:00:00Z","target":"0x1"}`)
}

func scrape(ctx context.Context, url string) (names []string) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil
	}
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		if name, _, _ := strings.Cut(strings.TrimRight(lines.Text(), " "), " "); !strings.HasPrefix(name, "#") {
			name, _, _ = strings.Cut(name, "{")
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// untar unpacks data directories that real servers wrote.
func untar(t *testing.T, name, dir string) {
	t.Helper()
	archive := filepath.Join(repository, "test/corpus/testdata", name+".tar.zst")
	if said, err := exec.CommandContext(t.Context(), "tar", "--zstd", "-xf", archive, "-C", dir).CombinedOutput(); err != nil {
		t.Skipf("SKIPPED, needs tar and zstd (on Debian: apt-get install zstd): %v: %s", err, said)
	}
}

// zooKeeper answers srvr as a server does.
type zooKeeper struct{ net.Listener }

func (z zooKeeper) host() string { host, _, _ := net.SplitHostPort(z.Addr().String()); return host }
func (z zooKeeper) port() string { _, port, _ := net.SplitHostPort(z.Addr().String()); return port }

func fakeZooKeeper(t *testing.T, mode, zxid string) zooKeeper {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	answer := "Zookeeper version: 3.8.0-5a02a05eddb59aee6ac762f7ea82e92a68eb9c0f, built on 2022-02-25 08:49 UTC\n" +
		"Latency min/avg/max: 0/0.0/0\nReceived: 1\nSent: 0\nConnections: 1\nOutstanding: 0\nZxid: " + zxid + "\nMode: " + mode + "\nNode count: 5\n"
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.ReadFull(c, make([]byte, 4))
			_, _ = io.WriteString(c, answer)
			c.Close()
		}
	}()
	return zooKeeper{l}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// eventually waits until something is so; else it tells how things are.
func eventually(t *testing.T, what string, is func() bool, how func() string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !is(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within a minute: %s: %s", what, how())
		}
	}
}
