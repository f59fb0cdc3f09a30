package gcs

import (
	"context"
	"net"
	"net/http"
	"os"
	"time"

	"cloud.google.com/go/auth/credentials"
	"cloud.google.com/go/auth/httptransport"
	"cloud.google.com/go/storage"
)

// emulatorVar is what storage.NewClient looks at too.
const emulatorVar = "STORAGE_EMULATOR_HOST"

// authorize adds the credentials that the environment offers to all requests. With an emulator there are none.
func authorize(base *http.Transport) (*http.Client, error) {
	if os.Getenv(emulatorVar) != "" {
		return &http.Client{Transport: base}, nil
	}
	return httptransport.NewClient(&httptransport.Options{
		DisableTelemetry: true,
		BaseRoundTripper: base,
		DetectOpts:       &credentials.DetectOptions{Scopes: []string{storage.ScopeReadWrite}},
	})
}

// newTransport makes connections that break when nothing moves on them for so long.
func newTransport(patience time.Duration) *http.Transport {
	dialer := &net.Dialer{Timeout: min(patience, 10*time.Second)}
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		MaxIdleConnsPerHost: 16,
		IdleConnTimeout:     patience,
		TLSHandshakeTimeout: min(patience, 10*time.Second),
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return watched{conn, patience}, nil
		},
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
