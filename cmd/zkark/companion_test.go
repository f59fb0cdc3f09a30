package main

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// companion is a running zkark sidecar that tells how it does.
type companion struct {
	t       *testing.T
	cmd     *exec.Cmd
	address string
	said    bytes.Buffer // complete once it has ended
}

// start runs a sidecar that ends with the test at the latest.
func (l loop) start(more ...string) *companion {
	l.t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	l.must(err)
	c := &companion{t: l.t, address: free.Addr().String()}
	l.must(free.Close())
	args := []string{"sidecar", "--zoo-cfg", l.cfg, "--archive", l.url, "--sync-rate", "20", "--drain-timeout", "1s", "--listen", c.address}
	c.cmd = exec.CommandContext(l.t.Context(), l.zkark, append(args, more...)...)
	c.cmd.Stderr = &c.said
	l.must(c.cmd.Start())
	l.t.Cleanup(func() {
		if c.cmd.ProcessState == nil {
			_ = c.cmd.Process.Kill()
			_ = c.cmd.Wait()
		}
	})
	return c
}

// ask returns what the sidecar answers, and nothing while it does not.
func (c *companion) ask(path string) string {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}
	resp, err := client.Get("http://" + c.address + path)
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		return ""
	}
	return string(page)
}

// wait waits until a page of the sidecar has all the parts.
func (c *companion) wait(path string, parts ...string) {
	c.t.Helper()
	page := ""
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		page = c.ask(path)
		all := page != ""
		for _, part := range parts {
			all = all && strings.Contains(page, part)
		}
		if all {
			return
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("%s never has all of %q; it is %s", path, parts, page)
		}
	}
}

// end stops the sidecar, and returns its exit code and what it said.
func (c *companion) end() (code int, said string) {
	c.t.Helper()
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		c.t.Fatal(err)
	}
	_ = c.cmd.Wait() // the "error" is the exit code
	return c.cmd.ProcessState.ExitCode(), c.said.String()
}

// last is the sentence that a process ended with.
func last(said string) string {
	lines := strings.Split(strings.TrimSpace(said), "\n")
	return lines[len(lines)-1]
}

func (l loop) write(path, content string) {
	l.t.Helper()
	l.must(os.WriteFile(path, []byte(content), 0o600))
}
