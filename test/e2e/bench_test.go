package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/test/loop"
	"github.com/zkark/zkark/test/zkserver"
)

// BenchmarkLag measures, with R = 10 and an S3 server on this machine, the time from a client's acknowledged write to that write being
// restorable from the archive: a listing shows an unbroken way to it.
func BenchmarkLag(b *testing.B) {
	f := newFleetOverS3(b, 3, zkserver.Options{})
	conn := f.connect()
	_, err := conn.Create("/lag", nil, zk.FlagPersistent, zk.WorldACL(zk.PermAll))
	f.must(err)
	f.waitArchived()
	for b.Loop() {
		lags := f.measureLags(conn, 500)
		slices.Sort(lags)
		percentile := func(p int) float64 { return float64(lags[min(len(lags)-1, len(lags)*p/100)].Milliseconds()) }
		b.ReportMetric(percentile(50), "p50-ms")
		b.ReportMetric(percentile(99), "p99-ms")
		b.Log(histogram(lags))
	}
}

// written is a write, and when it was acknowledged.
type written struct {
	zxid zookeeper.Zxid
	at   time.Time
}

// measureLags writes n times, a little apart, and looks at the archive all the time.
func (f *fleet) measureLags(conn *zk.Conn, n int) []time.Duration {
	f.t.Helper()
	writes := make(chan written, n)
	go func() {
		defer close(writes)
		for range n {
			stat, err := conn.Set("/lag", []byte("x"), -1)
			if err != nil {
				f.t.Errorf("write: %v", err)
				return
			}
			writes <- written{zookeeper.Zxid(stat.Mzxid), time.Now()}
			time.Sleep(17 * time.Millisecond) // no divisor of the time between two turns
		}
	}()
	var lags []time.Duration
	for w := range writes {
		for {
			archived, err := loop.ReadArchive(f.archive)
			f.must(err)
			if archived.Newest >= w.zxid {
				break
			}
			time.Sleep(2 * time.Millisecond)
		}
		lags = append(lags, time.Since(w.at))
	}
	return lags
}

// histogram draws how many of the lags lie between each bound and the one before; a benchmark shows no more than ten lines.
func histogram(lags []time.Duration) string {
	var drawn strings.Builder
	all := len(lags)
	for _, bound := range []time.Duration{25, 50, 75, 100, 150, 200, 500, 60_000} {
		n := slices.IndexFunc(lags, func(lag time.Duration) bool { return lag > bound*time.Millisecond })
		if n < 0 {
			n = len(lags)
		}
		fmt.Fprintf(&drawn, "\nup to %8s %5d %s", bound*time.Millisecond, n, strings.Repeat("#", n*60/all))
		lags = lags[n:]
		if len(lags) == 0 {
			break
		}
	}
	return drawn.String()
}

// BenchmarkOverhead measures a server's write throughput with a sidecar beside it that has caught up and without, in turn, so that both meet
// the same noise.
func BenchmarkOverhead(b *testing.B) {
	const rounds, span, settle = 10, 4 * time.Second, 2 * time.Second
	r := newRig(b, zkserver.Require(b), zkserver.Options{})
	load := r.startLoad(16)
	for b.Loop() {
		var with, without float64
		var cpu time.Duration
		load.during(span) // the server is slower when it is new
		for i := range rounds {
			measure := []func(){
				func() {
					load.during(settle)
					without += load.during(span)
				},
				func() {
					sidecar := r.startSidecar()
					r.waitArchived() // what the other half of the round has left behind
					load.during(settle)
					with += load.during(span)
					r.must(sidecar.Stop())
					cpu += sidecar.CPU()
				},
			}
			measure[i%2]()
			measure[1-i%2]()
		}
		b.ReportMetric(cpu.Seconds()/(rounds*span.Seconds()), "sidecar-cores")
		b.ReportMetric(with/without, "ratio")
		b.ReportMetric(without/rounds/span.Seconds(), "writes/s-without")
		b.ReportMetric(with/rounds/span.Seconds(), "writes/s-with")
	}
}

// load is clients that write all the time.
type load struct{ writes atomic.Int64 }

func (r *rig) startLoad(clients int) *load {
	r.t.Helper()
	l := new(load)
	ctx, cancel := context.WithCancel(r.ctx)
	var running sync.WaitGroup
	r.t.Cleanup(func() { cancel(); running.Wait() })
	for i := range clients {
		conn, err := loop.Connect(r.ctx, r.server.Addr())
		r.must(err)
		r.t.Cleanup(conn.Close)
		path := fmt.Sprintf("/load-%d", i)
		_, err = conn.Create(path, nil, zk.FlagPersistent, zk.WorldACL(zk.PermAll))
		r.must(err)
		running.Go(func() {
			for ctx.Err() == nil {
				if _, err := conn.Set(path, make([]byte, 100), -1); err == nil {
					l.writes.Add(1)
				}
			}
		})
	}
	return l
}

// during counts the writes of a while.
func (l *load) during(span time.Duration) float64 {
	before := l.writes.Load()
	time.Sleep(span)
	return float64(l.writes.Load() - before)
}
