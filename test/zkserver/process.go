package zkserver

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// process is a child with its output in a file.
type process struct {
	cmd   *exec.Cmd
	ended chan struct{} // closed when the child is gone and waited for
}

// startProcess starts a child that dies with us. The goroutine that it starts ends with the child.
func startProcess(cmd *exec.Cmd, logFile string) (*process, error) {
	log, err := os.Create(logFile)
	if err != nil {
		return nil, fmt.Errorf("create its log: %w", err)
	}
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = dieWithParent()
	p := &process{cmd: cmd, ended: make(chan struct{})}
	started := make(chan error)
	go p.run(log, started)
	return p, <-started
}

// run starts the child and waits for it on one thread: on Linux a child dies with the *thread* that started it, so that
// thread has to live as long.
func (p *process) run(log *os.File, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(p.ended)
	defer log.Close()
	err := p.cmd.Start()
	started <- err
	if err == nil {
		_ = p.cmd.Wait() // how it ended is in its log
	}
}

func (p *process) signal(sig syscall.Signal) error {
	if err := p.cmd.Process.Signal(sig); err != nil {
		return fmt.Errorf("send %v to process %d: %w", sig, p.cmd.Process.Pid, err)
	}
	return nil
}

// end signals the child and waits until it is gone; one that does not heed the signal is killed.
func (p *process) end(sig syscall.Signal) error {
	const patience = 20 * time.Second
	select {
	case <-p.ended:
		return nil
	default:
	}
	_ = p.signal(sig) // it may be gone by now: what counts is that it ends
	_ = p.signal(syscall.SIGCONT)
	select {
	case <-p.ended:
		return nil
	case <-time.After(patience):
		_ = p.signal(syscall.SIGKILL)
		<-p.ended
		return fmt.Errorf("process %d did not heed %v for %v and was killed", p.cmd.Process.Pid, sig, patience)
	}
}
