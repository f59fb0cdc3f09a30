// Command bench measures zkark against ZooKeeper's own code, on the same files, in the same run, one after the other, and
// prints the times and the ratio.
//
// The files are made here, as a server would have written them, with a tree digest in every transaction.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/zkark/zkark/test/zkserver"
)

func main() {
	zkark := flag.String("zkark", "bin/zkark", "the zkark `binary` to measure")
	txns := flag.Int("txns", 1_000_000, "`transactions` in the log")
	nodes := flag.Int("nodes", 1_000_000, "`znodes` in the snapshot")
	memory := flag.Bool("memory", false, "measure the sidecar's memory instead")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	measure := func() error { return run(ctx, *zkark, *txns, *nodes) }
	if *memory {
		measure = func() error { return measureMemory(ctx, *zkark) }
	}
	if err := measure(); err != nil {
		stop()
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, zkark string, txns, nodes int) (err error) {
	release, err := zkserver.Find()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "zkark-bench-")
	if err != nil {
		return fmt.Errorf("make a directory for the files: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	fmt.Fprintln(os.Stderr, "writing a log and a snapshot …")
	log, err := writeLog(filepath.Join(dir, "log"), txns)
	if err != nil {
		return err
	}
	snap, err := writeSnapshot(filepath.Join(dir, "snapshot"), nodes)
	if err != nil {
		return err
	}
	java, err := newJava(release, dir)
	if err != nil {
		return err
	}
	fmt.Printf("%-46s %10s %12s %12s %8s\n", "", "bytes", "ZooKeeper", "zkark", "ratio")
	for _, race := range races(zkark, java, log, snap) {
		if err := race.run(ctx); err != nil {
			return err
		}
	}
	fmt.Printf("\nZooKeeper %s with Java; %d transactions, %d znodes; the runs of tools include the start of their process.\n", release.Version, txns, nodes)
	return nil
}
