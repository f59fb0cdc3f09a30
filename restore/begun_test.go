package restore

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"
)

func TestOnlyALogThatHoldsNothingIsRemovedAndNoneOfAServerThatRuns(t *testing.T) {
	dir := t.TempDir()
	var paths []string
	for name, data := range map[string]string{"log.1": "", "log.2": "ZKLG\x00\x00", "log.3": "ZKLG\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00", "log.4": "lost"} {
		paths = append(paths, filepath.Join(dir, name))
		if err := os.WriteFile(paths[len(paths)-1], []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	left := func() (names []string) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return names
	}
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	clients := []string{server.Addr().String()}
	var inUse *InUseError
	if err := RemoveBegun(t.Context(), clients, paths); !errors.As(err, &inUse) || len(left()) != 4 {
		t.Errorf("beside a server that runs: %v, and %q are left", err, left())
	}
	server.Close()
	if err := RemoveBegun(t.Context(), clients, paths); err != nil || len(left()) != 2 || left()[0] != "log.3" || left()[1] != "log.4" {
		t.Errorf("got %v, and %q are left", err, left())
	}
}
