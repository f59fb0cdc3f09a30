package child

import (
	"net"
	"os"
	"path/filepath"
	"testing"
)

// Program is the path of a program that make puts into .cache/bin at the root of the module. Where it is missing the test is
// skipped, and says which target of make gets it.
func Program(t testing.TB, name, target string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for dir != "/" {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	path := filepath.Join(dir, ".cache", "bin", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("SKIPPED: needs %s: run make %s", path, target)
	}
	return path
}

// FreeAddress is a loopback address that nobody listens on. Somebody else may take it before a program does; then the program
// does not start.
func FreeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
