package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"
)

// ErrClosed is returned by a Session that was closed.
var ErrClosed = errors.New("the session is closed")

// SessionOptions say how to open a session. The zero value has no TLS, no identity and logs nothing.
type SessionOptions struct {
	Timeout time.Duration // after which a server forgets the session of a client that is away; default 30 s
	TLS     *tls.Config   // for a secureClientPort; nil for clear text
	Auth    string        // USER:PASSWORD of the digest scheme; empty for none
	Log     *slog.Logger  // of connections lost and made, at level debug; nil for none
}

const (
	defaultSessionTimeout = 30 * time.Second
	connectTimeout        = time.Second
)

// Session is a session with one server, kept for long. The library connects again by itself when the connection breaks.
type Session struct {
	address string
	auth    string
	conn    *zk.Conn
	events  <-chan zk.Event // closed when the library's goroutines have ended

	turn  chan struct{} // holds a token unless a request is under way
	known bool          // the server knows the identity; for who has the token

	mu     sync.Mutex // guards the rest
	wire   net.Conn   // the connection of the moment
	closed bool
}

// Open begins to open a session with the server at address, HOST:PORT, and does not wait for it: the server may not run
// yet. Once it does, the session is a transaction.
func Open(address string, o SessionOptions) (*Session, error) {
	if _, _, err := net.SplitHostPort(address); err != nil {
		return nil, fmt.Errorf("open a session with %s: %w", address, err)
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultSessionTimeout
	}
	s := &Session{address: address, auth: o.Auth, turn: make(chan struct{}, 1)}
	s.turn <- struct{}{}
	conn, events, err := zk.Connect([]string{address}, o.Timeout, zk.WithHostProvider(&oneServer{address: address}),
		zk.WithDialer(s.dialer(o.TLS)), zk.WithLogger(quiet{o.Log}), zk.WithLogInfo(false), zk.WithMaxBufferSize(2*maxFrame))
	if err != nil {
		return nil, fmt.Errorf("open a session with %s: %w", address, err)
	}
	s.conn, s.events = conn, events
	return s, nil
}

// dialer remembers the connection, so that Close need not wait for a server that does not answer.
func (s *Session) dialer(t *tls.Config) zk.Dialer {
	return func(_, address string, _ time.Duration) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(context.Background(), connectTimeout)
		defer cancel()
		conn, err := dial(ctx, address, t)
		if err != nil {
			return nil, err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.closed {
			conn.Close()
			return nil, ErrClosed
		}
		if s.wire != nil {
			s.wire.Close() // the library does not, when the session has expired
		}
		s.wire = conn
		return &frames{Conn: conn}, nil
	}
}

// Sync returns nil once the server has applied everything that the leader had committed when it was asked. It is no transaction. One
// that was given up, because the context ended, may still be under way: the next waits for its end.
func (s *Session) Sync(ctx context.Context) error {
	if err := s.request(ctx, s.sync); err != nil {
		return fmt.Errorf("sync with %s: %w", s.address, err)
	}
	return nil
}

// request makes one request at a time. The library has no contexts: a request ends when the server answers, the connection breaks or
// the session is closed.
func (s *Session) request(ctx context.Context, do func() error) error {
	select {
	case <-s.turn:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if s.isClosed() {
		s.turn <- struct{}{}
		return ErrClosed
	}
	done := make(chan error, 1)
	go func() {
		done <- do()
		s.turn <- struct{}{}
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (s *Session) sync() error {
	if s.auth != "" && !s.known {
		if err := s.conn.AddAuth("digest", []byte(s.auth)); err != nil {
			return fmt.Errorf("authenticate: %w", err)
		}
		s.known = true // the library tells it again after a reconnect
	}
	_, err := s.conn.Sync("/")
	return err
}

func (s *Session) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// Close ends the session, which is a transaction, and returns when nothing of it runs any more: within a few seconds even if the
// server does not answer, which then forgets the session after its timeout. Calls after the first do nothing.
func (s *Session) Close() {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	s.mu.Unlock()
	if !first {
		return
	}
	s.conn.Close()
	s.mu.Lock()
	if s.wire != nil {
		s.wire.Close()
	}
	s.mu.Unlock()
	for range s.events {
	}
	<-s.turn // the request that was under way has ended
	s.turn <- struct{}{}
}

// oneServer gives the library one address as it is, so that its name is looked up for every connection, and is what a certificate is
// checked for.
type oneServer struct {
	address string
	tried   bool // since it was last connected
}

func (o *oneServer) Init([]string) error { return nil }
func (o *oneServer) Len() int            { return 1 }
func (o *oneServer) Connected()          { o.tried = false }

// Next makes the library wait a second before it tries again.
func (o *oneServer) Next() (server string, retryStart bool) {
	retryStart, o.tried = o.tried, true
	return o.address, retryStart
}

// quiet is the library's way to a logger that may not be there.
type quiet struct{ log *slog.Logger }

func (q quiet) Printf(format string, args ...any) {
	if q.log != nil {
		q.log.Debug("ZooKeeper client: " + fmt.Sprintf(format, args...))
	}
}
