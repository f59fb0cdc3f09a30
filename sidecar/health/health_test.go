package health

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/store"
	"github.com/zkark/zkark/internal/store/mem"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/probe"
	"github.com/zkark/zkark/sidecar"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// subject is a sidecar of which the test says how it does.
type subject struct {
	dead, unready error
	status        sidecar.Status
}

func (s *subject) Alive() error           { return s.dead }
func (s *subject) Ready() error           { return s.unready }
func (s *subject) Status() sidecar.Status { return s.status }

// serve answers for s until the test ends, and returns a function that asks.
func serve(t *testing.T, h *Health, s Subject) func(path string) (int, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.Serve(ctx, l, s) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	return func(path string) (int, string) {
		resp, err := client.Get("http://" + l.Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(body)
	}
}

func TestALiveProcessWithAStoreThatIsDownIsLiveAndReady(t *testing.T) {
	s := &subject{status: sidecar.Status{LastError: store.ErrUnavailable}}
	ask := serve(t, New("1.0"), s)
	for _, path := range []string{"/livez", "/readyz"} {
		if code, body := ask(path); code != http.StatusOK {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
	if _, body := ask("/status"); !strings.Contains(body, "store unavailable") {
		t.Errorf("/status does not tell: %s", body)
	}
	s.dead, s.unready = errors.New("turns was last seen an hour ago"), errors.New("not looked yet")
	if code, body := ask("/livez"); code != http.StatusServiceUnavailable || !strings.Contains(body, "an hour ago") {
		t.Errorf("/livez: %d %s", code, body)
	}
	if code, _ := ask("/readyz"); code != http.StatusServiceUnavailable {
		t.Errorf("/readyz: %d", code)
	}
}

func TestAZxidIsToldAsEpochAndCounter(t *testing.T) {
	ask := serve(t, New("1.0"), &subject{status: sidecar.Status{Archived: zookeeper.MakeZxid(0x80000001, 0xfffffff0), Stalled: 90 * time.Second, PendingRecords: 3}})
	_, body := ask("/metrics")
	for _, line := range []string{"zkark_archived_epoch 2.147483649e+09", "zkark_archived_counter 4.29496728e+09", "zkark_stalled_seconds 90", "zkark_pending_records 3", `zkark_build_info{version="1.0"} 1`} {
		if !strings.Contains(body, line+"\n") {
			t.Errorf("%q is missing in\n%s", line, body)
		}
	}
	if _, body := ask("/status"); !strings.Contains(body, `"archived":"0x80000001fffffff0"`) {
		t.Errorf("/status is %s", body)
	}
}

func TestTheLastDrillIsAMetricOnceThereIsOne(t *testing.T) {
	s := &subject{}
	ask := serve(t, New("1.0"), s)
	if _, body := ask("/metrics"); strings.Contains(body, "zkark_drill") {
		t.Errorf("without a drill:\n%s", body)
	}
	s.status.Drill = &archive.DrillReport{Time: time.Unix(1.7e9, 0), Target: zookeeper.MakeZxid(7, 40), Version: "3.8.0"}
	_, body := ask("/metrics")
	for _, line := range []string{"zkark_drill_time_seconds 1.7e+09", "zkark_drill_epoch 7", "zkark_drill_counter 40"} {
		if !strings.Contains(body, line+"\n") {
			t.Errorf("%q is missing in\n%s", line, body)
		}
	}
	if _, body := ask("/status"); !strings.Contains(body, `"target":"0x700000028","booted":"3.8.0"`) {
		t.Errorf("/status is %s", body)
	}
}

// following is a follower that is two transactions behind.
func following() sidecar.Seen {
	return sidecar.Seen{
		Time: time.Unix(1.7e9, 0), Own: probe.Server{Role: probe.Follower, Version: "3.8.0", Zxid: zookeeper.MakeZxid(7, 40)},
		Leader: &probe.Result{Member: probe.Member{ID: 3}, Server: probe.Server{Role: probe.Leader, Zxid: zookeeper.MakeZxid(7, 42)}},
	}
}

func TestWhatZooKeeperSaysIsShownAndWhatItDoesNotSayIsLeftOut(t *testing.T) {
	s := &subject{status: sidecar.Status{ZooKeeper: following()}}
	ask := serve(t, New("1.0"), s)
	_, body := ask("/metrics")
	for _, line := range []string{"zkark_zookeeper_serves 1", "zkark_committed_epoch 7", "zkark_committed_counter 40", "zkark_leader_counter 42", "zkark_behind_leader 2"} {
		if !strings.Contains(body, line+"\n") {
			t.Errorf("%q is missing in\n%s", line, body)
		}
	}
	if _, body := ask("/status"); !strings.Contains(body, `"role":"follower","version":"3.8.0","zxid":"0x700000028","synced":false,"leader":3,"leaderZxid":"0x70000002a","behind":2}`) {
		t.Errorf("/status is %s", body)
	}
	s.status.ZooKeeper = sidecar.Seen{Time: time.Unix(1.7e9, 0), Own: probe.Server{Role: probe.Unknown}, Err: errors.New("connection refused")}
	if _, body := ask("/metrics"); !strings.Contains(body, "zkark_zookeeper_serves 0\n") || strings.Contains(body, "zkark_committed") || strings.Contains(body, "zkark_behind") {
		t.Errorf("without an answer:\n%s", body)
	}
	if _, body := ask("/status"); !strings.Contains(body, `"role":"unknown","synced":false,"error":"connection refused"}`) {
		t.Errorf("/status is %s", body)
	}
	if code, _ := ask("/readyz"); code != http.StatusOK {
		t.Errorf("a server that does not answer makes the sidecar unready: %d", code)
	}
}

func TestRequestsToTheStoreAreCountedByResult(t *testing.T) {
	h := New("1.0")
	b := h.Watch(mem.New())
	for range 2 {
		_ = b.Put(t.Context(), "k", store.BytesBody([]byte("hello"))) // the second finds it taken
	}
	_, _ = b.Get(t.Context(), "nope", 0)
	for range b.List(t.Context(), "", "") {
		break
	}
	_, body := serve(t, h, &subject{})("/metrics")
	for _, line := range []string{
		`zkark_store_requests_total{op="put",result="ok"} 1`, `zkark_store_requests_total{op="put",result="exists"} 1`,
		`zkark_store_requests_total{op="get",result="not_found"} 1`, `zkark_store_requests_total{op="list",result="ok"} 1`,
		"zkark_archived_bytes_total 5", `zkark_store_request_seconds_count{op="put"} 2`,
	} {
		if !strings.Contains(body, line+"\n") {
			t.Errorf("%q is missing in\n%s", line, body)
		}
	}
}

// survey is of an archive with a gap that nothing bridges.
func survey() archive.Survey {
	segment := func(first, last, prev zookeeper.Zxid, s int64) archive.Segment {
		return archive.Segment{First: first, Last: last, Prev: prev, Linked: true, FirstTime: time.Unix(s, 0), LastTime: time.Unix(s+1, 0)}
	}
	return archive.NewSurvey(archive.Catalog{
		Segments: []archive.Segment{segment(1, 5, 0, 1000), segment(9, 12, 8, 2000)}, Bases: []archive.Base{{}},
	})
}

func TestWhatARestoreWouldFindIsToldOnceTheArchiveWasListed(t *testing.T) {
	s := &subject{status: sidecar.Status{
		Lag: 3 * time.Second, HeldFiles: 2, Turns: map[sidecar.Result]int{sidecar.TurnFailed: 4}, Lost: []archive.Range{{First: 6, Last: 8}}, Archive: survey(),
	}}
	ask := serve(t, New("1.0"), s)
	if _, body := ask("/metrics"); !strings.Contains(body, "zkark_archive_listed 0\n") || strings.Contains(body, "zkark_gaps") {
		t.Errorf("before a listing:\n%s", body)
	}
	s.status.Listed = true
	_, body := ask("/metrics")
	for _, line := range []string{
		"zkark_restorable 0", "zkark_restorable_counter 5", "zkark_restorable_time_seconds 1001", "zkark_gaps 1", "zkark_gaps_unbridged 1", "zkark_lost_ranges 1",
		"zkark_lost_records 3", "zkark_diverged 0", "zkark_lag_seconds 3", "zkark_held_files 2", `zkark_turns_total{result="failed"} 4`,
	} {
		if !strings.Contains(body, line+"\n") {
			t.Errorf("%q is missing in\n%s", line, body)
		}
	}
	_, body = ask("/status")
	for _, part := range []string{`{"kind":"status",`, `"newestRestorable":{"zxid":"0x5"`, `"lost":[{"first":"0x6","last":"0x8"}]`, `"lagSeconds":3`} {
		if !strings.Contains(body, part) {
			t.Errorf("%q is missing in %s", part, body)
		}
	}
}

func TestEveryMetricIsDocumentedAndEveryDocumentedMetricExists(t *testing.T) {
	h := New("1.0")
	_ = h.Watch(mem.New()).Delete(t.Context(), "k")
	_, body := serve(t, h, &subject{status: sidecar.Status{
		Panics: map[string]int{"turns": 0}, Turns: map[sidecar.Result]int{sidecar.TurnIdle: 1}, ZooKeeper: following(), Listed: true, Archive: survey(),
		Drill: &archive.DrillReport{Time: time.Unix(1.7e9, 0)},
	}})("/metrics")
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "metrics.md"))
	if err != nil {
		t.Fatal(err)
	}
	exported := names(regexp.MustCompile(`(?m)^# TYPE (zkark_\w+)`), body)
	documented := names(regexp.MustCompile("`(zkark_\\w+)`"), string(page))
	if diff := cmp.Diff(documented, exported); diff != "" {
		t.Errorf("-documented +exported:\n%s", diff)
	}
}

func names(pattern *regexp.Regexp, text string) []string {
	var found []string
	for _, match := range pattern.FindAllStringSubmatch(text, -1) {
		found = append(found, match[1])
	}
	slices.Sort(found)
	return slices.Compact(found)
}
