package recovery

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"
)

const (
	sessionTimeout = 30 * time.Second
	connectWithin  = 15 * time.Second
	dialWithin     = 3 * time.Second
)

// Connect opens a session with any of the servers, HOST:PORT each, and waits until it is there and the server is level with its
// leader. Config is nil for clear text; auth is USER:PASSWORD of the digest scheme, or empty. The caller closes the client.
func Connect(ctx context.Context, servers []string, config *tls.Config, auth string) (*zk.Conn, error) {
	conn, _, err := zk.Connect(servers, sessionTimeout, zk.WithHostProvider(&rounds{servers: servers}), zk.WithDialer(dialer(config)),
		zk.WithLogger(silent{}), zk.WithLogInfo(false))
	if err != nil {
		return nil, fmt.Errorf("connect to ZooKeeper: %w", err)
	}
	if err := begin(ctx, conn, auth); err != nil {
		conn.Close()
		return nil, fmt.Errorf("connect to ZooKeeper at %s: %w", strings.Join(servers, ","), err)
	}
	return conn, nil
}

func begin(ctx context.Context, conn *zk.Conn, auth string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, connectWithin, fmt.Errorf("no server gave a session within %s", connectWithin))
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for conn.State() != zk.StateHasSession {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	if auth != "" {
		if err := conn.AddAuth("digest", []byte(auth)); err != nil {
			return fmt.Errorf("authenticate: %w", err)
		}
	}
	_, err := conn.Sync("/")
	return err
}

func dialer(config *tls.Config) zk.Dialer {
	return func(network, address string, _ time.Duration) (net.Conn, error) {
		d := &net.Dialer{Timeout: dialWithin}
		if config != nil {
			return tls.DialWithDialer(d, network, address, config)
		}
		return d.Dial(network, address)
	}
}

// rounds gives the servers in turn by the names they were given by, which is what a certificate is checked for.
type rounds struct {
	servers []string
	mu      sync.Mutex // guards the rest
	next    int
	tried   int // since the last success
}

func (r *rounds) Init([]string) error { return nil }
func (r *rounds) Len() int            { return len(r.servers) }

func (r *rounds) Connected() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tried = 0
}

func (r *rounds) Next() (server string, retryStart bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	server = r.servers[r.next%len(r.servers)]
	retryStart = r.tried > 0 && r.tried%len(r.servers) == 0
	r.next, r.tried = r.next+1, r.tried+1
	return server, retryStart
}

// silent drops what the client library logs: what matters comes back as an error.
type silent struct{}

func (silent) Printf(string, ...any) {}
