// Package gcsserver starts fake-gcs-server, which speaks Google Cloud Storage's JSON API, for tests.
//
// It is not the real thing. As of 1.56.1 it honours ifGenerationMatch=0 for one-request and chunked uploads, startOffset, and
// a declared CRC32C when the upload has one request or one chunk. It forgets the declared CRC32C after the first of several
// chunks, and appends a chunk that is sent again to what it has. Tests of those two need a server of their own.
package gcsserver

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/zkark/zkark/test/child"
)

const (
	program = "fake-gcs-server-v1.56.1"

	// startTimeout is generous: the machine may be busy with other tests.
	startTimeout = 20 * time.Second
)

// Server is a running fake-gcs-server with its objects in memory.
type Server struct {
	Address string // host:port, for STORAGE_EMULATOR_HOST
}

// Start starts a server that ends with the test. The test is skipped when the program is not there.
func Start(t *testing.T) Server {
	t.Helper()
	path := child.Program(t, program, "gcs-server")
	address := child.FreeAddress(t)
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	cmd := exec.Command(path, "-backend", "memory", "-scheme", "http", "-host", "127.0.0.1", "-port", port,
		"-external-url", "http://"+address, "-public-host", address, "-log-level", "warn", "-data", filepath.Join(t.TempDir(), "none"))
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() && said.Len() > 0 {
			t.Logf("fake-gcs-server said: %s", said.String())
		}
	})
	s := Server{Address: address}
	s.await(t)
	return s
}

func (s Server) await(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(startTimeout); ; time.Sleep(20 * time.Millisecond) {
		status, err := s.request(http.MethodGet, "/_internal/healthcheck", "")
		if err == nil && status == http.StatusOK {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("fake-gcs-server does not answer: status %d, %v", status, err)
		}
	}
}

// CreateBucket makes an empty bucket.
func (s Server) CreateBucket(t *testing.T, name string) {
	t.Helper()
	status, err := s.request(http.MethodPost, "/storage/v1/b?project=test", fmt.Sprintf(`{"name": %q}`, name))
	if err != nil || status != http.StatusOK {
		t.Fatalf("create bucket %s: status %d, %v", name, status, err)
	}
}

func (s Server) request(method, path, body string) (int, error) {
	req, err := http.NewRequest(method, "http://"+s.Address+path, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Close = true // leaves no goroutine behind
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}
