package loop

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/zkark/zkark/test/child"
)

// Zkark is a zkark binary, an archive in a directory, and a server's zoo.cfg.
type Zkark struct {
	Binary  string
	Archive string // a directory
	URL     string // of the archive, when it is seen through another store than the directory
	ZooCfg  string
}

func (z Zkark) args(command string) []string {
	url := z.URL
	if url == "" {
		url = "file://" + z.Archive
	}
	return []string{command, "--zoo-cfg", z.ZooCfg, "--archive", url}
}

// Sidecar is a running `zkark sidecar`.
type Sidecar struct {
	process *child.Process
	logFile string
}

// StartSidecar starts a sidecar that logs to a file.
func (z Zkark) StartSidecar(logFile string, more ...string) (*Sidecar, error) {
	p, err := child.Start(exec.Command(z.Binary, append(z.args("sidecar"), more...)...), logFile)
	if err != nil {
		return nil, err
	}
	return &Sidecar{process: p, logFile: logFile}, nil
}

// WaitRunning waits until the sidecar logs something: from then on it heeds signals.
func (s *Sidecar) WaitRunning(ctx context.Context) error {
	for {
		if info, err := os.Stat(s.logFile); err == nil && info.Size() > 0 {
			return nil
		}
		if err := pause(ctx); err != nil {
			return fmt.Errorf("wait for zkark sidecar to log its start: %w", err)
		}
	}
}

// Stop has the sidecar ship the rest and end, by SIGTERM. It fails, with the end of its log, when that does not go well.
func (s *Sidecar) Stop() error {
	if err := s.process.End(syscall.SIGTERM); err != nil {
		return fmt.Errorf("zkark sidecar: %w: %s", err, s.LogTail())
	}
	return nil
}

// CPU is the processor time that a stopped sidecar took.
func (s *Sidecar) CPU() time.Duration { return s.process.CPU() }

// PeakMemory is the most that a running sidecar has had resident so far, in bytes.
func (s *Sidecar) PeakMemory() (int64, error) { return s.process.PeakMemory() }

// Kill ends the sidecar with SIGKILL.
func (s *Sidecar) Kill() { _ = s.process.End(syscall.SIGKILL) } // the "error" is that it was killed

// Ended is closed when the sidecar is gone.
func (s *Sidecar) Ended() <-chan struct{} { return s.process.Ended() }

// LogTail is the end of what the sidecar logged.
func (s *Sidecar) LogTail() string {
	const most = 1500 // bytes
	log, err := os.ReadFile(s.logFile)
	if err != nil {
		return err.Error()
	}
	return "the end of its log:\n" + string(log[max(0, len(log)-most):])
}

// Restore runs `zkark restore` and returns what it printed to stdout. It fails with what zkark said on stderr.
func (z Zkark) Restore(ctx context.Context, more ...string) (string, error) {
	return z.Run(ctx, append(z.args("restore"), more...)...)
}

// Run runs zkark and returns what it printed to stdout. It fails, wrapping *exec.ExitError, with what zkark said on stderr.
func (z Zkark) Run(ctx context.Context, args ...string) (string, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, z.Binary, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("zkark %s: %w: %s", args[0], err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}
