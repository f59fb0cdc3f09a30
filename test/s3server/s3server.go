// Package s3server starts versitygw, which speaks S3's protocol over a directory, for tests. As of 1.8.0 it honours
// If-None-Match for objects sent whole and in parts.
package s3server

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/zkark/zkark/test/child"
)

const (
	program = "versitygw-v1.8.0"
	health  = "/health"

	// startTimeout is generous: the machine may be busy with other tests.
	startTimeout = 20 * time.Second

	// AccessKey and SecretKey are those of the root account, which may do everything.
	AccessKey = "zkark-test"
	SecretKey = "not-a-secret-at-all"
)

// Server is a running versitygw. Its buckets are directories in Dir.
type Server struct {
	Address string // host:port
	Dir     string

	program string
	users   map[string][]statement // of each bucket's policy
	running *child.Process
}

// Endpoint is the server's URL.
func (s *Server) Endpoint() string { return "http://" + s.Address }

// Start starts a server that ends with the test, and puts its user into the test's environment. The test is skipped when the
// program is not there.
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{Address: child.FreeAddress(t), Dir: filepath.Join(t.TempDir(), "buckets"), program: child.Program(t, program, "s3-server"), users: map[string][]statement{}}
	if err := os.Mkdir(s.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", AccessKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", SecretKey)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(s.Dir, "none"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(s.Dir, "none"))
	t.Cleanup(s.Stop)
	s.Resume(t)
	return s
}

// Resume starts the server again, with what it had, after Stop.
func (s *Server) Resume(t testing.TB) {
	t.Helper()
	meta, accounts := filepath.Join(filepath.Dir(s.Dir), "metadata"), filepath.Join(filepath.Dir(s.Dir), "accounts")
	for _, dir := range []string{meta, accounts} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(s.program, "--port", s.Address, "--access", AccessKey, "--secret", SecretKey, "--health", health, "--quiet", "--iam-dir", accounts,
		"posix", "--sidecar", meta, s.Dir)
	log := filepath.Join(filepath.Dir(s.Dir), "versitygw.log")
	running, err := child.Start(cmd, log)
	if err != nil {
		t.Fatal(err)
	}
	s.running = running
	for deadline := time.After(startTimeout); !s.answers(); {
		select {
		case <-time.After(20 * time.Millisecond):
			continue
		case <-running.Ended():
		case <-deadline:
		}
		said, _ := os.ReadFile(log) // for the message only
		t.Fatalf("versitygw does not answer on %s: %s", s.Address, said)
	}
}

// Stop kills the server. What it had stays.
func (s *Server) Stop() {
	if s.running != nil {
		_ = s.running.End(syscall.SIGKILL) // the "error" is that it was killed
		s.running = nil
	}
}

func (s *Server) answers() bool {
	req, err := http.NewRequest(http.MethodGet, s.Endpoint()+health, nil)
	if err != nil {
		return false
	}
	req.Close = true // leaves no goroutine behind
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// CreateBucket makes an empty bucket.
func (s *Server) CreateBucket(t testing.TB, name string) {
	t.Helper()
	if err := os.Mkdir(filepath.Join(s.Dir, name), 0o755); err != nil {
		t.Fatal(err)
	}
}
