// Package patient makes HTTP connections that are given up when nothing moves on them for too long, and not before.
package patient

import (
	"context"
	"net"
	"net/http"
	"time"
)

// connectWithin bounds what comes before the first byte, where patience is longer.
const connectWithin = 10 * time.Second

// NewTransport makes connections that break when nothing moves on them for so long. However large a body is, it may
// take its time as long as it moves.
func NewTransport(patience time.Duration) *http.Transport {
	t := &http.Transport{Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 16}
	Make(t, patience)
	return t
}

// Make has a transport of somebody else's making behave like that of NewTransport.
func Make(t *http.Transport, patience time.Duration) {
	dialer := &net.Dialer{Timeout: min(patience, connectWithin)}
	t.IdleConnTimeout = patience
	t.TLSHandshakeTimeout = min(patience, connectWithin)
	t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return watched{conn, patience}, nil
	}
}

// watched is a connection whose reads and writes fail when neither a read nor a write began for so long. A write moves the
// deadline of a read that waits for the response, too.
type watched struct {
	net.Conn
	patience time.Duration
}

func (w watched) Read(p []byte) (int, error) {
	if err := w.SetDeadline(time.Now().Add(w.patience)); err != nil {
		return 0, err
	}
	return w.Conn.Read(p)
}

func (w watched) Write(p []byte) (int, error) {
	if err := w.SetDeadline(time.Now().Add(w.patience)); err != nil {
		return 0, err
	}
	return w.Conn.Write(p)
}
