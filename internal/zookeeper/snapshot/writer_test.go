package snapshot_test

import (
	"errors"
	"io"
	"testing"

	"github.com/zkark/zkark/internal/zookeeper/snapshot"
)

func TestTheWriterRefusesWhatNoReaderAccepts(t *testing.T) {
	for name, paths := range map[string][]string{
		"no root":       {},
		"root missing":  {"/a"},
		"two roots":     {"", ""},
		"root spelt /":  {"", "/"},
		"relative path": {"", "a"},
	} {
		if err := write(io.Discard, paths); err == nil {
			t.Errorf("%s: written without an error", name)
		}
	}
}

func TestAFailedWriteFailsTheSnapshot(t *testing.T) {
	full := errors.New("no space left on device")
	if err := write(failing{full}, []string{"", "/a"}); !errors.Is(err, full) {
		t.Error(err)
	}
}

func write(to io.Writer, paths []string) error {
	w, err := snapshot.NewWriter(to, nil, nil)
	if err != nil {
		return err
	}
	for _, p := range paths {
		if err := w.Write(snapshot.Node{Path: p}); err != nil {
			return err
		}
	}
	return w.Close(snapshot.Trailer{})
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
