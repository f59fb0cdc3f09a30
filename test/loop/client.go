package loop

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/go-zookeeper/zk"
)

// SessionTimeout is long enough for a session to outlive a restore: its ephemeral znodes must be there afterwards.
const SessionTimeout = 100 * time.Second

// identity owns what the workload protects with ACLs; every client of this package has it.
const identity = "ark:noah"

// Connect opens a session, with any of the servers, that may read everything that Write makes. The caller closes it.
func Connect(ctx context.Context, addrs ...string) (*zk.Conn, error) {
	conn, _, err := zk.Connect(addrs, SessionTimeout, zk.WithDialer(dial), zk.WithLogger(silent{}), zk.WithLogInfo(false))
	if err != nil {
		return nil, fmt.Errorf("connect to ZooKeeper on %s: %w", addrs, err)
	}
	if err := WaitSession(ctx, conn); err != nil {
		conn.Close()
		return nil, err
	}
	if err := conn.AddAuth("digest", []byte(identity)); err != nil {
		conn.Close()
		return nil, fmt.Errorf("authenticate to ZooKeeper on %s: %w", addrs, err)
	}
	return conn, nil
}

// dial makes the library try again soon when a server does not answer: one that is just starting can drop a client's first
// request and keep the connection open, and the library would wait for ten times the session timeout.
func dial(network, addr string, timeout time.Duration) (net.Conn, error) {
	conn, err := net.DialTimeout(network, addr, timeout)
	if err != nil {
		return nil, err
	}
	return &impatient{Conn: conn}, nil
}

// impatient is a connection whose first answer has to come soon.
type impatient struct {
	net.Conn
	answered bool // set and read by the one goroutine that reads
}

// SetReadDeadline brings the deadline forward until there was an answer.
func (c *impatient) SetReadDeadline(t time.Time) error {
	if soon := time.Now().Add(5 * time.Second); !c.answered && t.After(soon) {
		t = soon
	}
	return c.Conn.SetReadDeadline(t)
}

func (c *impatient) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.answered = c.answered || n > 0
	return n, err
}

// WaitSession waits until a client is connected, or connected again, and has its session.
func WaitSession(ctx context.Context, conn *zk.Conn) error {
	for conn.State() != zk.StateHasSession {
		if err := pause(ctx); err != nil {
			return fmt.Errorf("wait for a session of ZooKeeper: %w", err)
		}
	}
	return nil
}

// pause is the pace of everything that polls here.
func pause(ctx context.Context) error {
	select {
	case <-time.After(20 * time.Millisecond):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// silent drops what the client library logs: a server that is killed on purpose is not news.
type silent struct{}

func (silent) Printf(string, ...any) {}
