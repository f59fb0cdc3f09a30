package cli

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

const (
	askWithin   = 3 * time.Second // below what container runtimes give a health check
	sentenceMax = 4 << 10         // bytes of an answer that are read
)

func newHealthcheck(s *session) *cobra.Command {
	var listen string
	cmd := &cobra.Command{
		Use:   "healthcheck --listen ADDRESS",
		Short: "Ask the sidecar on this machine whether it is alive",
		Long: "healthcheck asks a running sidecar for /livez and says what it answers. It ends with exit code 0 when the sidecar is alive and with 1\n" +
			"when it is not, or does not answer. The store has no part in it. It is for images without a shell.",
		Example: "  zkark healthcheck --listen 127.0.0.1:9141",
		Args:    noArgs,
	}
	cmd.Flags().StringVar(&listen, "listen", "", "the `ADDRESS` that the sidecar was given as --listen, as 127.0.0.1:9141 or :9141")
	require(cmd, "listen")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return s.runHealthcheck(cmd.Context(), listen) }
	return cmd
}

func (s *session) runHealthcheck(ctx context.Context, listen string) error {
	address, err := localAddress(listen)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	alive, sentence, err := askAlive(ctx, address)
	switch {
	case err != nil:
		return fmt.Errorf("the sidecar at %s does not answer: %w", address, err)
	case !alive:
		return fmt.Errorf("the sidecar at %s is not alive: %s", address, sentence)
	}
	_, err = fmt.Fprintf(s.Stdout, "the sidecar at %s is alive\n", address)
	return err
}

// localAddress is where a sidecar that listens on an address answers on this machine.
func localAddress(listen string) (string, error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "", usageError("--listen %q: want HOST:PORT: %w", listen, err)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost" // of which the dialer tries both families
	}
	return net.JoinHostPort(host, port), nil
}

func askAlive(ctx context.Context, address string) (alive bool, sentence string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/livez", nil)
	if err != nil {
		return false, "", err
	}
	transport := &http.Transport{} // no proxy: what is asked is on this machine
	defer transport.CloseIdleConnections()
	answer, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return false, "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, sentenceMax))
	if err != nil {
		return false, "", err
	}
	return answer.StatusCode == http.StatusOK, fmt.Sprintf("%s: %s", answer.Status, strings.TrimSpace(string(body))), nil
}
