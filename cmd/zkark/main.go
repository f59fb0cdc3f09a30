// Command zkark is continuous backup and point-in-time recovery for Apache ZooKeeper.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/zkark/zkark/internal/cli"
)

func main() { os.Exit(run()) }

// run cancels the command at the first signal and leaves at the second, whatever is under way.
func run() int {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		cancel(interruption(<-signals))
		os.Exit(interruption(<-signals).ExitCode())
	}()
	return cli.Run(ctx, os.Args[1:], cli.Process{Stdout: os.Stdout, Stderr: os.Stderr, LookupEnv: os.LookupEnv, Hangups: hangups})
}

// hangups has SIGHUP no longer end the process.
func hangups() (<-chan os.Signal, func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP)
	return signals, func() { signal.Stop(signals) }
}

func interruption(s os.Signal) cli.Interruption {
	number, _ := s.(syscall.Signal)
	return cli.Interruption{Signal: number}
}
