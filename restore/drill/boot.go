package drill

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/zkark/zkark/internal/zookeeper/probe"
)

// Booted is what a server was found to be.
type Booted struct {
	Version string
	Nodes   int // compared
}

// Boot starts a server with what was restored into sandbox/data and compares. What the server prints is in sandbox/server.log. The server
// is gone when Boot returns.
func Boot(ctx context.Context, c Command, sandbox string) (b Booted, err error) {
	want, err := expected(ctx, filepath.Join(sandbox, "data"))
	if err != nil {
		return Booted{}, fmt.Errorf("read what was restored: %w", err)
	}
	address, config, err := configure(sandbox)
	if err != nil {
		return Booted{}, err
	}
	s, err := start(c.with(config), filepath.Join(sandbox, "server.log"))
	if err != nil {
		return Booted{}, err
	}
	defer s.kill()
	answer, err := s.wait(ctx, address)
	if err != nil {
		return Booted{}, err
	}
	b.Version = answer.Version
	b.Nodes, err = compare(ctx, address, want)
	return b, err
}

// configure writes a zoo.cfg. Keys that ZooKeeper does not know become its system properties: no ACL is checked, and all kinds of
// znodes are read. A long tick keeps sessions from expiring meanwhile.
func configure(sandbox string) (address, path string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", "", fmt.Errorf("find a free port: %w", err)
	}
	address = l.Addr().String()
	if err := l.Close(); err != nil {
		return "", "", err
	}
	_, port, err := net.SplitHostPort(address)
	path = filepath.Join(sandbox, "zoo.cfg")
	text := strings.Join([]string{
		"tickTime=60000", "minSessionTimeout=4000", "maxSessionTimeout=600000", "dataDir=" + filepath.Join(sandbox, "data"), "clientPort=" + port,
		"clientPortAddress=127.0.0.1", "admin.enableServer=false", "skipACL=yes", "extendedTypesEnabled=true", "4lw.commands.whitelist=srvr", "",
	}, "\n")
	return address, path, errors.Join(err, os.WriteFile(path, []byte(text), 0o600))
}

// server is a running process and what it started.
type server struct {
	cmd   *exec.Cmd
	log   string
	ended chan struct{} // closed when it is gone
}

func start(words []string, log string) (*server, error) {
	out, err := os.Create(log)
	if err != nil {
		return nil, fmt.Errorf("start ZooKeeper: %w", err)
	}
	defer out.Close()
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a script's server goes with the script
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start ZooKeeper: %w", err)
	}
	s := &server{cmd: cmd, log: log, ended: make(chan struct{})}
	go func() {
		defer close(s.ended)
		_ = cmd.Wait() // it is killed
	}()
	return s, nil
}

func (s *server) kill() {
	_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL) // it may be gone
	<-s.ended
}

// wait asks until the server serves.
func (s *server) wait(ctx context.Context, address string) (probe.Server, error) {
	for {
		answer, err := probe.Ask(ctx, address, probe.Options{})
		if err == nil && answer.Serves() {
			return answer, nil
		}
		select {
		case <-s.ended:
			return probe.Server{}, fmt.Errorf("%w: it ended: %s", ErrDiffers, s.tail())
		case <-ctx.Done():
			return probe.Server{}, fmt.Errorf("wait for ZooKeeper to start: %w: %s", context.Cause(ctx), s.tail())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// tail is the end of what the server printed.
func (s *server) tail() string {
	const most = 2000 // bytes
	data, err := os.ReadFile(s.log)
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(data[max(0, len(data)-most):]))
}
