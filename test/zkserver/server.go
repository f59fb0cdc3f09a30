package zkserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/zkark/zkark/test/child"
)

// Options say how a server differs from a plain one.
type Options struct {
	JVM    []string // flags of the JVM, like -Dzookeeper.digest.enabled=false
	Config []string // more lines of zoo.cfg; of two lines with one key ZooKeeper takes the last
	// SeparateLogDir puts the transaction logs in a directory of their own, by dataLogDir.
	SeparateLogDir bool
}

// Server is one server's configuration and, between Start and Kill or Stop, its process. It is for one goroutine.
type Server struct {
	release Release
	options Options
	dir     string // holds everything of the server
	id      int    // 0 for a standalone server
	port    int
	starts  int // names the log files

	running *child.Process // nil when down
}

// New writes the configuration of a standalone server below dir and starts nothing.
func New(r Release, dir string, o Options) (*Server, error) {
	ports, err := freePorts(1)
	if err != nil {
		return nil, err
	}
	s := &Server{release: r, options: o, dir: dir, port: ports[0]}
	return s, s.writeConfig(nil)
}

// NewEnsemble writes the configurations of n servers, in 1, 2, … below dir, and starts nothing.
func NewEnsemble(r Release, dir string, n int, o Options) ([]*Server, error) {
	ports, err := freePorts(3 * n)
	if err != nil {
		return nil, err
	}
	var servers []*Server
	var members []string
	for i := range n {
		id := i + 1
		servers = append(servers, &Server{release: r, options: o, dir: filepath.Join(dir, strconv.Itoa(id)), id: id, port: ports[3*i]})
		members = append(members, fmt.Sprintf("server.%d=127.0.0.1:%d:%d", id, ports[3*i+1], ports[3*i+2]))
	}
	for _, s := range servers {
		if err := s.writeConfig(members); err != nil {
			return nil, err
		}
	}
	return servers, nil
}

// Release is the ZooKeeper that the server runs.
func (s *Server) Release() Release { return s.release }

// Addr is where clients connect: host and port.
func (s *Server) Addr() string { return "127.0.0.1:" + strconv.Itoa(s.port) }

// ConfigFile is the server's zoo.cfg.
func (s *Server) ConfigFile() string { return filepath.Join(s.dir, "conf", "zoo.cfg") }

// DataDir is the configured dataDir, the parent of version-2.
func (s *Server) DataDir() string { return filepath.Join(s.dir, "data") }

// LogDir is the directory of the transaction logs: dataDir, unless the server has SeparateLogDir.
func (s *Server) LogDir() string {
	if s.options.SeparateLogDir {
		return filepath.Join(s.dir, "txnlog")
	}
	return s.DataDir()
}

// LogFile is what the server printed since its last start.
func (s *Server) LogFile() string {
	return filepath.Join(s.dir, fmt.Sprintf("server.%d.log", s.starts))
}

// Start starts the server and waits until it serves clients, which a member of an ensemble only does when a quorum is
// there: launch those first.
func (s *Server) Start(ctx context.Context) error {
	if err := s.Launch(); err != nil {
		return err
	}
	return s.WaitReady(ctx)
}

// Launch starts the server and does not wait.
func (s *Server) Launch() error {
	if s.running != nil {
		return fmt.Errorf("start ZooKeeper on %s: it is running", s.Addr())
	}
	s.starts++
	p, err := child.Start(s.command(), s.LogFile())
	if err != nil {
		return fmt.Errorf("start ZooKeeper %s: %w", s.release.Version, err)
	}
	s.running = p
	return nil
}

// Running tells whether the server was launched and not ended since.
func (s *Server) Running() bool { return s.running != nil }

// WaitReady waits until a launched server serves clients. It fails when the server ends or ctx does, and then quotes the
// end of the server's log.
func (s *Server) WaitReady(ctx context.Context) error {
	if s.running == nil {
		return fmt.Errorf("wait for ZooKeeper on %s: it is not running", s.Addr())
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := s.Status(ctx); err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-s.running.Ended():
			s.running = nil
			return fmt.Errorf("ZooKeeper on %s ended while it started: %s", s.Addr(), s.logTail())
		case <-ctx.Done():
			return fmt.Errorf("wait for ZooKeeper on %s to serve: %w: %s", s.Addr(), context.Cause(ctx), s.logTail())
		}
	}
}

// Purge removes all but the three newest snapshots, and the logs that they do not need, with ZooKeeper's own tool. Three is the
// least that it keeps.
func (s *Server) Purge(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, s.release.Java, "-cp", s.release.ClassPath, "org.apache.zookeeper.server.PurgeTxnLog",
		s.LogDir(), s.DataDir(), "-n", "3")
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("purge %s: %w: %s", s.DataDir(), err, said)
	}
	return nil
}

// Kill ends the server with SIGKILL, as a power cut would end it. Without a process it does nothing. A log that the server had only begun
// is removed, as an operator would: no release before 3.9.3 starts beside one.
func (s *Server) Kill() error { return s.end(syscall.SIGKILL) }

// Stop ends the server with SIGTERM, which it does not handle: the rest is as with Kill.
func (s *Server) Stop() error { return s.end(syscall.SIGTERM) }

func (s *Server) end(sig syscall.Signal) error {
	if s.running == nil {
		return nil
	}
	err := s.running.End(sig)
	s.running = nil
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = nil // a server ends with 143 on SIGTERM
	}
	return errors.Join(err, s.removeBegun())
}

// removeBegun removes logs that end inside their header of 16 bytes.
func (s *Server) removeBegun() error {
	logs, err := filepath.Glob(filepath.Join(s.LogDir(), "version-2", "log.*"))
	for _, log := range logs {
		if info, statErr := os.Stat(log); statErr != nil || info.Size() < 16 {
			err = errors.Join(err, statErr, os.Remove(log))
		}
	}
	return err
}

// Pause stops the server's process where it is, with SIGSTOP.
func (s *Server) Pause() error { return s.signal(syscall.SIGSTOP) }

// Resume lets a paused server go on.
func (s *Server) Resume() error { return s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig syscall.Signal) error {
	if s.running == nil {
		return errors.New("signal ZooKeeper: it is not running")
	}
	return s.running.Signal(sig)
}

// logTail is the end of the server's log, for messages.
func (s *Server) logTail() string {
	const most = 2000 // bytes
	log, err := os.ReadFile(s.LogFile())
	if err != nil {
		return err.Error()
	}
	return "the end of its log:\n" + string(log[max(0, len(log)-most):])
}
