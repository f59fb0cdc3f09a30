package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
)

const (
	binaryVariable   = "ZKARK_E2E_BINARY"
	releasesVariable = "ZKARK_E2E_RELEASES"
)

func TestMain(m *testing.M) { os.Exit(runTests(m)) }

// runTests builds zkark first, with the race detector when the tests have it, and says where it is in binaryVariable.
func runTests(m *testing.M) int {
	if os.Getenv(binaryVariable) == "" {
		dir, err := os.MkdirTemp("", "zkark-e2e-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		binary := filepath.Join(dir, "zkark")
		if output, err := exec.Command("go", append(buildArgs(), "-o", binary, "../../cmd/zkark")...).CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build zkark: %v\n%s", err, output)
			return 1
		}
		os.Setenv(binaryVariable, binary)
	}
	code := m.Run()
	if err := goleak.Find(); code == 0 && err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

func buildArgs() []string {
	if raceDetector {
		return []string{"build", "-race"}
	}
	return []string{"build"}
}
