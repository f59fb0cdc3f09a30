package s3server

import (
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Proxy stands between clients and a server, counts what passes, and can make trouble.
type Proxy struct {
	front *httptest.Server
	fault atomic.Pointer[Fault]

	mu      sync.Mutex
	traffic Traffic
}

// Traffic is what passed since the proxy was started or asked last.
type Traffic struct {
	Lists, Puts int
	PutBytes    int64
	Since       time.Time
}

// Fault answers a request in the place of the server, or has it forwarded.
type Fault func(w http.ResponseWriter, r *http.Request, server http.Handler)

// NewProxy starts a proxy that ends with the test.
func (s *Server) NewProxy(t testing.TB) *Proxy {
	t.Helper()
	target, err := url.Parse(s.Endpoint())
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: 100}
	server := &httputil.ReverseProxy{Transport: transport, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host // it is part of what is signed
	}}
	p := &Proxy{traffic: Traffic{Since: time.Now()}}
	p.front = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.count(r)
		if fault := p.fault.Load(); fault != nil {
			(*fault)(w, r, server)
			return
		}
		server.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		p.front.Close()
		transport.CloseIdleConnections()
	})
	return p
}

// Endpoint is the proxy's URL.
func (p *Proxy) Endpoint() string { return p.front.URL }

// Inject makes trouble from now on; nil ends it.
func (p *Proxy) Inject(f Fault) {
	if f == nil {
		p.fault.Store(nil)
		return
	}
	p.fault.Store(&f)
}

func (p *Proxy) count(r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case r.Method == http.MethodGet && r.URL.Query().Get("list-type") == "2":
		p.traffic.Lists++
	case r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/log/"):
		p.traffic.Puts++
		p.traffic.PutBytes += r.ContentLength
	}
}

// Count returns what has passed and counts anew. Puts are those of segments.
func (p *Proxy) Count() Traffic {
	p.mu.Lock()
	defer p.mu.Unlock()
	counted := p.traffic
	p.traffic = Traffic{Since: time.Now()}
	return counted
}

// Slow has every request take up to most longer.
func Slow(most time.Duration) Fault {
	return func(w http.ResponseWriter, r *http.Request, server http.Handler) {
		select {
		case <-time.After(rand.N(most)):
			server.ServeHTTP(w, r)
		case <-r.Context().Done():
		}
	}
}

// Busy refuses two requests of three, as S3 does when it throttles.
func Busy(w http.ResponseWriter, r *http.Request, server http.Handler) {
	if rand.IntN(3) == 0 {
		server.ServeHTTP(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = w.Write([]byte(`<?xml version="1.0" encoding="UTF-8"?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>`))
}

// Lossy does what is asked, and loses every other answer on the way.
func Lossy(w http.ResponseWriter, r *http.Request, server http.Handler) {
	if rand.IntN(2) == 0 {
		server.ServeHTTP(w, r)
		return
	}
	server.ServeHTTP(httptest.NewRecorder(), r)
	panic(http.ErrAbortHandler) // has net/http cut the connection
}
