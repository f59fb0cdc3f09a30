package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zkark/zkark/test/zkserver"
)

const debian = "debian"

// onEachRelease runs a test on every server that releasesVariable names, or on all that could be there.
func onEachRelease(t *testing.T, test func(t *testing.T, r zkserver.Release)) {
	names := strings.Fields(os.Getenv(releasesVariable))
	if len(names) == 0 {
		names = []string{debian, "3.4.14", "3.5.10", "3.6.4", "3.7.2", "3.8.6", "3.9.5"}
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) { test(t, requireRelease(t, name)) })
	}
}

func requireRelease(t *testing.T, name string) zkserver.Release {
	t.Helper()
	if name == debian {
		return zkserver.Require(t)
	}
	r, err := zkserver.FindIn(filepath.Join("..", "..", ".cache", "zookeeper", name))
	if err != nil {
		t.Skipf("SKIPPED, needs ZooKeeper %s (make zookeeper gets it): %v", name, err)
	}
	return r
}
