package cli

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func healthcheck(t *testing.T, args []string, env map[string]string) (code int, stdout, stderr string) {
	var out, said bytes.Buffer
	code = Run(t.Context(), append([]string{"healthcheck"}, args...), Process{
		Stdout: &out, Stderr: &said,
		LookupEnv: func(name string) (string, bool) { v, ok := env[name]; return v, ok },
	})
	return code, out.String(), said.String()
}

func TestHealthcheckSaysWhatTheSidecarAnswers(t *testing.T) {
	alive := true
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path != "/livez":
			http.NotFound(w, r)
		case !alive:
			http.Error(w, "the tail was last seen 3m ago", http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	address := strings.TrimPrefix(server.URL, "http://")

	code, out, said := healthcheck(t, []string{"--listen", address}, nil)
	if code != 0 || out != "the sidecar at "+address+" is alive\n" {
		t.Errorf("alive: exit %d, %q, %q", code, out, said)
	}
	_, port, _ := strings.Cut(address, ":")
	for _, everywhere := range []string{":" + port, "0.0.0.0:" + port} {
		if code, _, said := healthcheck(t, nil, map[string]string{"ZKARK_LISTEN": everywhere}); code != 0 {
			t.Errorf("a sidecar that listens on %s: exit %d, %q", everywhere, code, said)
		}
	}
	alive = false
	code, out, said = healthcheck(t, []string{"--listen", address}, nil)
	if code != 1 || out != "" || !strings.Contains(said, "is not alive: 503 Service Unavailable: the tail was last seen 3m ago") {
		t.Errorf("not alive: exit %d, %q, %q", code, out, said)
	}
	server.Close()
	if code, _, said := healthcheck(t, []string{"--listen", address}, nil); code != 1 || !strings.Contains(said, "does not answer") {
		t.Errorf("nobody there: exit %d, %q", code, said)
	}
}

func TestHealthcheckWantsAnAddress(t *testing.T) {
	for _, args := range [][]string{nil, {"--listen", "9141"}} {
		if code, _, said := healthcheck(t, args, nil); code != 2 {
			t.Errorf("%q: exit %d, %q", args, code, said)
		}
	}
}
