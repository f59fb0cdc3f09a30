package drill

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"go.uber.org/goleak"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/snapshot"
	"github.com/zkark/zkark/internal/zookeeper/tree"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestACommandGetsZooCfgWhereItSaysOrAtTheEnd(t *testing.T) {
	for line, want := range map[string][]string{
		"zkServer.sh start-foreground":           {"zkServer.sh", "start-foreground", "/box/zoo.cfg"},
		"run --config={config} --in  foreground": {"run", "--config=/box/zoo.cfg", "--in", "foreground"},
	} {
		if got := ParseCommand(line).with("/box/zoo.cfg"); !slices.Equal(got, want) {
			t.Errorf("%s: got %q", line, got)
		}
	}
}

func TestAServerThatDoesNotStartProvesNothing(t *testing.T) {
	sandbox := t.TempDir()
	version := filepath.Join(sandbox, "data", zookeeper.VersionDir)
	if err := os.MkdirAll(version, 0o755); err != nil {
		t.Fatal(err)
	}
	file, err := os.Create(filepath.Join(version, "snapshot.0"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(tree.New().WriteSnapshot(file, snapshot.Trailer{}), file.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := Boot(t.Context(), Command{"false"}, sandbox); !errors.Is(err, ErrDiffers) {
		t.Errorf("got %v", err)
	}
	if _, err := Boot(t.Context(), Command{filepath.Join(sandbox, "no-such-program")}, sandbox); err == nil || errors.Is(err, ErrDiffers) {
		t.Errorf("got %v: that there is no server says nothing of the data", err)
	}
}
