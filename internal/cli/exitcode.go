package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/recovery"
	"github.com/zkark/zkark/internal/store"
	"github.com/zkark/zkark/restore"
	"github.com/zkark/zkark/restore/drill"
	"github.com/zkark/zkark/sidecar"
	"github.com/zkark/zkark/uploader"
)

// exitCode is what zkark tells the shell. Scripts and Kubernetes decide on it, so a number never changes its meaning.
type exitCode int

const (
	exitDone        exitCode = 0
	exitFailed      exitCode = 1
	exitUsage       exitCode = 2
	exitNothing     exitCode = 3
	exitNoChain     exitCode = 4
	exitRefused     exitCode = 5
	exitStore       exitCode = 6
	exitUnproven    exitCode = 7
	exitTemporary   exitCode = 75
	exitInterrupted exitCode = 128
)

type exitMeaning struct {
	code    exitCode
	meaning string
}

// exitMeanings is the one table of exit codes: the help is made from it, and a test holds the README to it.
func exitMeanings() []exitMeaning {
	return []exitMeaning{
		{exitDone, "done, and proven where there is something to prove"},
		{exitFailed, "failed, also on input that is not what it should be"},
		{exitUsage, "wrong usage or configuration"},
		{exitNothing, "nothing there: no archive, or an empty one"},
		{exitNoChain, "no chain of records reaches the target"},
		{exitRefused, "refused for safety; the message says how to override"},
		{exitStore, "the archive's store is unreachable or denies access"},
		{exitUnproven, "verification failed: what was built is not what the servers recorded"},
		{exitTemporary, "temporary, try again"},
		{exitInterrupted, "plus n: ended by signal n before it was done"},
	}
}

// exitTable is the table as the help shows it.
func exitTable() string {
	var b strings.Builder
	b.WriteString("EXIT CODES\n")
	for _, m := range exitMeanings() {
		fmt.Fprintf(&b, "  %3d  %s\n", m.code, m.meaning)
	}
	return b.String()
}

// Interruption is the cause of the context's end when a signal asked the process to stop.
type Interruption struct{ Signal syscall.Signal }

// Error names the signal.
func (i Interruption) Error() string { return "stopped by signal: " + i.Signal.String() }

// ExitCode is what a shell reports of a process that ended by the signal.
func (i Interruption) ExitCode() int { return int(exitInterrupted) + int(i.Signal) }

// codedError gives an error its exit code, where the error's type does not.
type codedError struct {
	code exitCode
	err  error
}

func (e *codedError) Error() string { return e.err.Error() }
func (e *codedError) Unwrap() error { return e.err }

func usageError(format string, args ...any) error {
	return &codedError{exitUsage, fmt.Errorf(format, args...)}
}

// configError is an error in what the server was told, which a person has to mend.
func configError(err error) error { return &codedError{exitUsage, err} }

// codeOf is the exit code that an error ends the process with. An error after a signal counts as the signal's doing
// only when it is the cancellation itself.
func codeOf(ctx context.Context, err error) int {
	if err == nil {
		return int(exitDone)
	}
	var stopped Interruption
	if errors.As(context.Cause(ctx), &stopped) && wasCancelled(err) {
		return stopped.ExitCode()
	}
	return int(kindOf(err))
}

func wasCancelled(err error) bool {
	var stopped Interruption
	return (errors.Is(err, context.Canceled) || errors.As(err, &stopped)) && !errors.Is(err, sidecar.ErrUnshipped)
}

// kindOf sorts the errors of the rooms below. What the store says comes first, because it can be the cause of the others.
func kindOf(err error) exitCode {
	var coded *codedError
	var noChain *archive.NoChainError
	var diverged *archive.DivergedError
	var notHeld *restore.NotHeldError
	var missing *restore.MissingError
	var elsewhere *restore.ElsewhereError
	var inUse *restore.InUseError
	var ahead *restore.AheadError
	var damaged *restore.DamagedError
	var conflict *recovery.ConflictError
	switch {
	case errors.As(err, &coded):
		return coded.code
	case errors.Is(err, archive.ErrEncrypted), errors.Is(err, archive.ErrOtherRecipient), errors.As(err, &elsewhere),
		errors.Is(err, store.ErrUnsupported), errors.Is(err, archive.ErrNotArchive), errors.Is(err, sidecar.ErrBlind):
		return exitUsage
	case errors.Is(err, store.ErrDenied), errors.Is(err, store.ErrUnavailable), errors.Is(err, store.ErrNoBucket):
		return exitStore
	case errors.Is(err, restore.ErrNoArchive), errors.Is(err, uploader.ErrNoArchive), errors.Is(err, archive.ErrEmpty):
		return exitNothing
	case errors.As(err, &noChain), errors.As(err, &diverged), errors.As(err, &notHeld), errors.As(err, &missing):
		return exitNoChain
	case errors.As(err, &inUse), errors.As(err, &ahead), errors.Is(err, archive.ErrClock), errors.Is(err, uploader.ErrOtherHistory):
		return exitRefused
	case errors.As(err, &conflict):
		return exitTemporary
	case errors.Is(err, restore.ErrNotProven), errors.As(err, &damaged), errors.Is(err, drill.ErrDiffers):
		return exitUnproven
	}
	return exitFailed
}
