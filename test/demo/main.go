// Command demo goes once around zkark's whole loop on a real ZooKeeper server: write, ship, lose everything, restore,
// compare. It tells what happens while it happens, cleans up after itself, and fails when any znode is not what it was.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

func main() {
	zkark := flag.String("zkark", "bin/zkark", "the zkark `binary` to show")
	scale := flag.Int("znodes", 4000, "about half of how many `znodes` to write")
	keep := flag.Bool("keep", false, "leave the server's files and the archive where they are")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *zkark, *scale, *keep); err != nil {
		stop()
		fmt.Fprintf(os.Stderr, "\nThe demo failed: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, zkark string, scale int, keep bool) (err error) {
	binary, err := filepath.Abs(zkark)
	if err != nil {
		return fmt.Errorf("find zkark: %w", err)
	}
	if _, err := os.Stat(binary); err != nil {
		return fmt.Errorf("find zkark (make build makes it): %w", err)
	}
	release, err := findZooKeeper(ctx, os.Stdout)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "zkark-demo-")
	if err != nil {
		return fmt.Errorf("make a directory for the demo: %w", err)
	}
	d := &demo{dir: dir, binary: binary, scale: scale, release: release, story: newStory(os.Stdout)}
	defer func() {
		err = errors.Join(err, d.cleanUp(keep))
	}()
	return d.run(ctx)
}
