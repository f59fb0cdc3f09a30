package gcs

import (
	"net/http"
	"os"

	"cloud.google.com/go/auth/credentials"
	"cloud.google.com/go/auth/httptransport"
	"cloud.google.com/go/storage"
)

// emulatorVar is what storage.NewClient looks at too.
const emulatorVar = "STORAGE_EMULATOR_HOST"

// authorize adds the credentials that the environment offers to all requests. With an emulator there are none.
func authorize(base *http.Transport) (*http.Client, error) {
	if os.Getenv(emulatorVar) != "" {
		return &http.Client{Transport: base}, nil
	}
	return httptransport.NewClient(&httptransport.Options{
		DisableTelemetry: true,
		BaseRoundTripper: base,
		DetectOpts:       &credentials.DetectOptions{Scopes: []string{storage.ScopeReadWrite}},
	})
}
