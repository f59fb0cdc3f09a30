// Package child runs programs for tests and the demo. A child's output goes to a file, and it dies with the process that
// started it: on Linux even when that process is killed.
package child

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// Process is a running child.
type Process struct {
	cmd   *exec.Cmd
	ended chan struct{} // closed when the child is gone and waited for
	err   error         // how it ended, once ended is closed
}

// Start starts a child with its output appended to a file. One goroutine lives as long as the child does.
func Start(cmd *exec.Cmd, logFile string) (*Process, error) {
	log, err := os.OpenFile(logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("start %s: create its log: %w", cmd.Path, err)
	}
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = dieWithParent()
	p := &Process{cmd: cmd, ended: make(chan struct{})}
	started := make(chan error)
	go p.run(log, started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	return p, nil
}

// run starts the child and waits for it on one thread: on Linux a child dies with the *thread* that started it, so that
// thread has to live as long.
func (p *Process) run(log *os.File, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(p.ended)
	defer log.Close()
	err := p.cmd.Start()
	started <- err
	if err == nil {
		p.err = p.cmd.Wait()
	}
}

// Ended is closed when the child is gone.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// CPU is the processor time that an ended child took.
func (p *Process) CPU() time.Duration {
	return p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime()
}

// Signal sends the child a signal and does not wait for what it does.
func (p *Process) Signal(sig syscall.Signal) error {
	if err := p.cmd.Process.Signal(sig); err != nil {
		return fmt.Errorf("send %v to process %d: %w", sig, p.cmd.Process.Pid, err)
	}
	return nil
}

// End sends a signal, waits until the child is gone, and returns how it ended: nil for exit code 0, else an
// *exec.ExitError. It fails when the child did not heed the signal within 30 s, longer than zkark sidecar gives itself; then it is killed.
func (p *Process) End(sig syscall.Signal) error {
	const patience = 30 * time.Second
	_ = p.Signal(sig) // it may be gone by now: what counts is that it ends
	_ = p.Signal(syscall.SIGCONT)
	select {
	case <-p.ended:
		return p.err
	case <-time.After(patience):
		_ = p.Signal(syscall.SIGKILL)
		<-p.ended
		return fmt.Errorf("process %d did not heed %v for %v and was killed", p.cmd.Process.Pid, sig, patience)
	}
}
