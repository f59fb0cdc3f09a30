package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/store"
	"github.com/zkark/zkark/restore"
	"github.com/zkark/zkark/sidecar"
	"github.com/zkark/zkark/uploader"
)

func TestEveryKindOfErrorHasItsExitCode(t *testing.T) {
	for err, want := range map[error]int{
		nil:                         0,
		errors.New("anything"):      1,
		usageError("what?"):         2,
		configError(os.ErrNotExist): 2,
		archive.ErrEncrypted:        2,
		archive.ErrOtherRecipient:   2,
		fmt.Errorf("%w: %w", sidecar.ErrUnshipped, sidecar.ErrBlind): 2,
		archive.ErrNotArchive:     2,
		restore.ErrNoArchive:      3,
		archive.ErrEmpty:          3,
		&archive.NoChainError{}:   4,
		&archive.DivergedError{}:  4,
		&restore.NotHeldError{}:   4,
		&restore.MissingError{}:   4,
		&restore.ElsewhereError{}: 2,
		&restore.InUseError{}:     5,
		&restore.AheadError{}:     5,
		uploader.ErrNoArchive:     3,
		archive.ErrClock:          5,
		store.ErrUnsupported:      2,
		fmt.Errorf("%w: %w", sidecar.ErrUnshipped, uploader.ErrOtherHistory): 5,
		fmt.Errorf("%w: %w", uploader.ErrMayNotDelete, store.ErrDenied):      6,
		store.ErrDenied:                            6,
		store.ErrUnavailable:                       6,
		restore.ErrNotProven:                       7,
		&restore.DamagedError{}:                    7,
		context.Canceled:                           1, // by nobody's signal
		fmt.Errorf("wrapped: %w", store.ErrDenied): 6,
	} {
		if err != nil {
			err = fmt.Errorf("while doing something: %w", err)
		}
		if got := codeOf(context.Background(), err); got != want {
			t.Errorf("%v: exit code %d, want %d", err, got, want)
		}
	}
}

func TestASignalIsTheExitCodeOnlyOfWhatItStopped(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(Interruption{Signal: syscall.SIGTERM})
	unshipped := fmt.Errorf("%w: %w", sidecar.ErrUnshipped, context.Canceled)
	for err, want := range map[error]int{
		nil:                   0,
		context.Canceled:      128 + 15,
		context.Cause(ctx):    128 + 15,
		errors.New("damaged"): 1,
		unshipped:             1,
	} {
		if got := codeOf(ctx, err); got != want {
			t.Errorf("%v: exit code %d, want %d", err, got, want)
		}
	}
}

func TestTheReadmeShowsTheTableOfExitCodes(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	want.WriteString("| code | meaning |\n| --- | --- |\n")
	for _, m := range exitMeanings() {
		fmt.Fprintf(&want, "| %d | %s |\n", m.code, m.meaning)
	}
	_, got, _ := strings.Cut(string(readme), "## Exit codes\n\n")
	got, _, _ = strings.Cut(got, "\n\n")
	if diff := cmp.Diff(want.String(), got+"\n"); diff != "" {
		t.Errorf("README.md has another table (-code +README):\n%s", diff)
	}
}
