package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/zkark/zkark/test/zkserver"
)

//go:embed Bench.java
var benchSource []byte

// java runs ZooKeeper's own code.
type java struct {
	release zkserver.Release
	source  string // Bench.java
}

func newJava(r zkserver.Release, dir string) (java, error) {
	j := java{release: r, source: filepath.Join(dir, "Bench.java")}
	if err := os.WriteFile(j.source, benchSource, 0o644); err != nil {
		return j, fmt.Errorf("write the Java program: %w", err)
	}
	return j, nil
}

// tool runs a class of ZooKeeper's with its output thrown away, and takes the time.
func (j java) tool(ctx context.Context, class string, args ...string) (time.Duration, error) {
	return timeCommand(exec.CommandContext(ctx, j.release.Java, j.args(append([]string{class}, args...))...))
}

func (j java) args(more []string) []string {
	flags := []string{"-Xmx4g", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-cp", j.release.ClassPath}
	return append(flags, more...)
}

// bench runs Bench.java, which takes the time itself, without the JVM's start and the compiler's. What it did is checked against
// what has to come out.
func (j java) bench(ctx context.Context, what string, d dataDir, want string) (time.Duration, error) {
	cmd := exec.CommandContext(ctx, j.release.Java, j.args([]string{j.source, what, d.root})...)
	output, err := cmd.Output()
	if err != nil {
		return 0, commandError(cmd, err)
	}
	nanos, did, _ := strings.Cut(strings.TrimSpace(string(output)), " ")
	n, err := strconv.ParseInt(nanos, 10, 64)
	if err != nil || did != want {
		return 0, fmt.Errorf("ZooKeeper's %s of %s: it says %q, want %q", what, d.root, output, want)
	}
	return time.Duration(n), nil
}

func timeCommand(cmd *exec.Cmd) (time.Duration, error) {
	cmd.Stdout = io.Discard // by a pipe, so that no tool is faster for seeing /dev/null
	start := time.Now()
	err := cmd.Run()
	return time.Since(start), commandError(cmd, err)
}

func commandError(cmd *exec.Cmd, err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return fmt.Errorf("%s: %w: %s", strings.Join(cmd.Args, " "), err, exit.Stderr)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", strings.Join(cmd.Args, " "), err)
	}
	return nil
}
