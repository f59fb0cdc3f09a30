package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/zkark/zkark/internal/zookeeper"
)

// ErrNotAllowed is wrapped when a server answers that srvr is not on its 4lw.commands.whitelist. Released servers add srvr to any list
// (seen on 3.4.14, 3.5.10, 3.8.0 and 3.9.5); patched ones may not.
var ErrNotAllowed = errors.New("the server does not allow the four-letter word")

// Role is what a server is in its ensemble.
type Role string

// The roles that srvr tells (ZooKeeper 3.9 Stats: Mode), and two for a server that tells none.
const (
	Leader     Role = "leader"
	Follower   Role = "follower"
	Observer   Role = "observer"
	Standalone Role = "standalone"
	ReadOnly   Role = "read-only" // it has lost the quorum, and may hold proposals that nobody committed
	Looking    Role = "looking"   // it does not serve: it starts, or there is no quorum
	Unknown    Role = "unknown"
)

// Options say how to ask. The zero value asks in clear text for at most a second.
type Options struct {
	Timeout time.Duration // of one server's answers together; default 1 s
	TLS     *tls.Config   // for a secureClientPort; nil for clear text
	Details bool          // ask for mntr and conf too, where the server allows them
}

const (
	defaultTimeout = time.Second
	maxAnswer      = 1 << 20 // bytes; mntr of ZooKeeper 3.9 takes about 20 KiB
)

// Server is what a server says of itself. Where Role is Looking nothing else is known.
type Server struct {
	Role Role `json:"role"`
	// Zxid is the last transaction that it has applied. In an ensemble that makes it committed. A new leader has counter 0 here until the
	// first transaction of its epoch, and its followers still show the epoch before.
	Zxid        zookeeper.Zxid `json:"zxid"`
	Version     string         `json:"version,omitempty"` // as 3.8.0
	Nodes       int64          `json:"nodes"`             // znodes
	Connections int64          `json:"connections"`
	Outstanding int64          `json:"outstanding"` // requests that wait for an answer

	Peers  *Peers  `json:"peers,omitempty"`  // of a leader that allows mntr, when Details were asked for
	Config *Config `json:"config,omitempty"` // of a server that allows conf, when Details were asked for
}

// Epoch is that of the last transaction applied. No four-letter word tells the epoch that a server has accepted since.
func (s Server) Epoch() uint32 { return s.Zxid.Epoch() }

// Serves tells whether the server takes part in an ensemble with a quorum, or needs none.
func (s Server) Serves() bool {
	return s.Role == Leader || s.Role == Follower || s.Role == Observer || s.Role == Standalone
}

// Peers is what a leader knows of the servers that are connected to it.
type Peers struct {
	Learners        int64 `json:"learners"`        // followers and observers
	SyncedFollowers int64 `json:"syncedFollowers"` // without the leader itself
	SyncedObservers int64 `json:"syncedObservers"` // ZooKeeper 3.6 and later
}

// Config is what a server says that it was started with.
type Config struct {
	ServerID int64  `json:"serverId"` // 0 for a standalone server
	DataDir  string `json:"dataDir"`  // with version-2
	LogDir   string `json:"logDir"`   // with version-2
}

// Ask asks the server at address, HOST:PORT, what it is. That it does not serve is an answer too: its Role is Looking. An error
// wraps ErrNotAllowed when the server answers but not this.
func Ask(ctx context.Context, address string, o Options) (Server, error) {
	timeout := o.Timeout
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	answer, err := word(ctx, address, "srvr", o)
	if err != nil {
		return Server{Role: Unknown}, err
	}
	s, err := parseServer(answer)
	if err != nil {
		return Server{Role: Unknown}, fmt.Errorf("ask %s for srvr: %w", address, err)
	}
	if o.Details && s.Role != Looking {
		s.addDetails(ctx, address, o)
	}
	return s, nil
}

// addDetails leaves out what the server does not tell, for whatever reason.
func (s *Server) addDetails(ctx context.Context, address string, o Options) {
	if s.Role == Leader {
		if answer, err := word(ctx, address, "mntr", o); err == nil {
			s.Peers = parsePeers(answer)
		}
	}
	if answer, err := word(ctx, address, "conf", o); err == nil {
		s.Config = parseConfig(answer)
	}
}

// word sends a four-letter word and returns the whole answer. The server closes the connection behind it.
func word(ctx context.Context, address, word string, o Options) (answer string, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("ask %s for %s: %w", address, word, err)
		}
	}()
	conn, err := dial(ctx, address, o.TLS)
	if err != nil {
		return "", because(ctx, err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	if _, err := io.WriteString(conn, word); err != nil {
		return "", because(ctx, err)
	}
	data, err := io.ReadAll(io.LimitReader(conn, maxAnswer+1))
	switch {
	case err != nil:
		return "", because(ctx, err)
	case len(data) > maxAnswer:
		return "", fmt.Errorf("it answers with more than %d bytes: is this ZooKeeper?", maxAnswer)
	case len(data) == 0:
		return "", errors.New("it hangs up without an answer: does the port speak TLS, or only TLS?")
	}
	return string(data), refusal(string(data))
}

func dial(ctx context.Context, address string, t *tls.Config) (net.Conn, error) {
	if t == nil {
		return new(net.Dialer).DialContext(ctx, "tcp", address)
	}
	return (&tls.Dialer{Config: t}).DialContext(ctx, "tcp", address)
}

// because prefers the context's reason to that of the connection which ended for it.
func because(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}
