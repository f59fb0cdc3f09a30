package deploy

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// repository is the way to zkark's root; the tests run in their package's directory.
const repository = "../.."

// binaryVariable names the zkark that TestMain built.
const binaryVariable = "ZKARK_BINARY_UNDER_TEST"

func TestMain(m *testing.M) {
	code, err := withBinary(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

func withBinary(run func() int) (int, error) {
	dir, err := os.MkdirTemp("", "zkark-deploy-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil { // other users run it too
		return 1, err
	}
	binary := filepath.Join(dir, "zkark")
	build := exec.Command("go", "build", "-trimpath", "-tags=disable_grpc_modules,grpcnotrace", "-o", binary, "./cmd/zkark")
	build.Dir = repository
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := build.CombinedOutput(); err != nil {
		return 1, fmt.Errorf("build zkark: %w: %s", err, said)
	}
	if err := os.Setenv(binaryVariable, binary); err != nil {
		return 1, err
	}
	return run(), nil
}

func zkark() string { return os.Getenv(binaryVariable) }
