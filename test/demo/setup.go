package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"

	"github.com/zkark/zkark/test/zkserver"
)

// findZooKeeper finds a ZooKeeper to run. Where apt-get can get one, it does, and says so; elsewhere the error says what to
// install.
func findZooKeeper(ctx context.Context, out io.Writer) (zkserver.Release, error) {
	release, err := zkserver.Find()
	var missing *zkserver.NotFoundError
	if !errors.As(err, &missing) || os.Getenv(zkserver.HomeVariable) != "" || os.Geteuid() != 0 {
		return release, err
	}
	if _, lookErr := exec.LookPath("apt-get"); lookErr != nil {
		return release, err
	}
	fmt.Fprintf(out, "There is %s. Installing Debian's package: apt-get install zookeeper\n", missing.Missing)
	if err := aptInstall(ctx, "zookeeper"); err != nil {
		return release, err
	}
	return zkserver.Find()
}

func aptInstall(ctx context.Context, pkg string) error {
	// Lists that cannot be refreshed may still do; if not, the install says why.
	_ = exec.CommandContext(ctx, "apt-get", "-qq", "update").Run()
	cmd := exec.CommandContext(ctx, "apt-get", "-qq", "install", "-y", "--no-install-recommends", pkg)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("apt-get install %s: %w: %s", pkg, err, bytes.TrimSpace(output))
	}
	return nil
}
