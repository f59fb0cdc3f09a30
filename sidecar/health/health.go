package health

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/zkark/zkark/sidecar"
)

const (
	headerWithin   = 5 * time.Second // for a request to be sent
	shutdownWithin = 2 * time.Second
)

// Subject is the sidecar that is told of.
type Subject interface {
	Alive() error
	Ready() error
	Status() sidecar.Status
}

// Health gathers what the outside may know. New makes one.
type Health struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	bytes    prometheus.Counter
}

// New makes a Health of a release. Bucket metrics come from Watch, the rest from the subject that Serve is given.
func New(version string) *Health {
	h := &Health{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "zkark_store_requests_total", Help: "Requests to the store, by operation and result."}, []string{"op", "result"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "zkark_store_request_seconds", Help: "How long requests to the store took, retries included.",
			Buckets: prometheus.ExponentialBuckets(0.005, 2, 14)}, []string{"op"}),
		bytes: prometheus.NewCounter(prometheus.CounterOpts{Name: "zkark_archived_bytes_total", Help: "Bytes of objects that were archived."}),
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{Name: "zkark_build_info", Help: "1, with the release as a label.",
		ConstLabels: prometheus.Labels{"version": version}})
	info.Set(1)
	h.registry.MustRegister(h.requests, h.seconds, h.bytes, info,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return h
}

// Serve answers on l until the context ends. It closes l.
func (h *Health) Serve(ctx context.Context, l net.Listener, s Subject) error {
	if err := h.registry.Register(subjectCollector{s}); err != nil {
		return fmt.Errorf("serve metrics: %w", err)
	}
	server := &http.Server{Handler: h.handler(s), ReadHeaderTimeout: headerWithin}
	stop := context.AfterFunc(ctx, func() {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownWithin)
		defer cancel()
		if server.Shutdown(last) != nil {
			server.Close()
		}
	})
	defer stop()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve on %s: %w", l.Addr(), err)
	}
	return nil
}

func (h *Health) handler(s Subject) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(h.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /livez", check(s.Alive))
	mux.HandleFunc("GET /readyz", check(s.Ready))
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(newStatus(s)) // who hangs up misses the rest
	})
	return mux
}

// check answers 200, or 503 with the reason.
func check(ask func() error) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if err := ask(); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	}
}
