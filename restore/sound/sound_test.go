package sound

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/snapshot"
	"github.com/zkark/zkark/internal/zookeeper/tree"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

// aServer writes a snapshot of 0 and a log of the records 1 to 9 of epoch 1, as a server leaves them.
func aServer(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	version := filepath.Join(dir, zookeeper.VersionDir)
	if err := os.Mkdir(version, 0o755); err != nil {
		t.Fatal(err)
	}
	var snap, log bytes.Buffer
	if err := tree.New().WriteSnapshot(&snap, snapshot.Trailer{}); err != nil {
		t.Fatal(err)
	}
	w, err := txnlog.NewWriter(&log)
	if err != nil {
		t.Fatal(err)
	}
	for n := uint32(1); n <= 9; n++ {
		payload := make([]byte, 36) // a session's creation
		payload[12+3], payload[12+7] = 1, byte(n)
		payload[28+3] = 0xf6
		payload[28], payload[29], payload[30] = 0xff, 0xff, 0xff
		if err := w.Append(payload); err != nil {
			t.Fatal(err)
		}
	}
	write(t, dir, "snapshot.0", snap.Bytes())
	write(t, dir, "log.100000001", append(log.Bytes(), make([]byte, 100)...))
	return dir
}

func write(t *testing.T, dir, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, zookeeper.VersionDir, name), data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, dir, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, zookeeper.VersionDir, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func remove(t *testing.T, dir, name string) {
	t.Helper()
	if err := os.RemoveAll(filepath.Join(dir, zookeeper.VersionDir, name)); err != nil {
		t.Fatal(err)
	}
}

func TestLook(t *testing.T) {
	for name, c := range map[string]struct {
		change func(t *testing.T, dir string)
		kind   Kind
		reason string
	}{
		"as it was left": {func(*testing.T, string) {}, Sound, ""},
		"nothing at all": {func(t *testing.T, dir string) { remove(t, dir, "") }, Empty, ""},
		"only epochs": {func(t *testing.T, dir string) {
			remove(t, dir, "snapshot.0")
			remove(t, dir, "log.100000001")
			write(t, dir, "currentEpoch", []byte("1"))
		}, Empty, ""},
		"a log alone": {func(t *testing.T, dir string) { remove(t, dir, "snapshot.0") }, Damaged, "no snapshot"},
		"a half-written end": {func(t *testing.T, dir string) {
			d := read(t, dir, "log.100000001")
			write(t, dir, "log.100000001", d[:len(d)-110])
		}, Sound, ""},
		"a log that is only begun": {func(t *testing.T, dir string) { write(t, dir, "log.10000000a", nil) }, Sound, ""},
		"two logs that are only begun": {func(t *testing.T, dir string) {
			write(t, dir, "log.10000000a", []byte("ZKLG"))
			write(t, dir, "log.10000000b", nil)
		}, Sound, ""},
		"a log of fewer bytes than a header that is none": {func(t *testing.T, dir string) { write(t, dir, "log.10000000a", []byte("ZKLOST")) }, Damaged, "log.10000000a"},
		"a bad record": {func(t *testing.T, dir string) {
			d := read(t, dir, "log.100000001")
			d[100] ^= 1
			write(t, dir, "log.100000001", d)
		}, Damaged, "corrupt"},
		"a new snapshot that is not complete": {func(t *testing.T, dir string) {
			write(t, dir, "snapshot.100000005", read(t, dir, "snapshot.0")[:30])
		}, Sound, ""},
		"no complete snapshot": {func(t *testing.T, dir string) { write(t, dir, "snapshot.0", read(t, dir, "snapshot.0")[:30]) }, Damaged, "snapshot.0"},
		"an older epoch":       {func(t *testing.T, dir string) { write(t, dir, "currentEpoch", []byte("0")) }, Damaged, "older than the last transaction"},
		"epochs that differ": {func(t *testing.T, dir string) {
			write(t, dir, "currentEpoch", []byte("3"))
			write(t, dir, "acceptedEpoch", []byte("2"))
		}, Damaged, "less than currentEpoch"},
		"an epoch file that is empty": {func(t *testing.T, dir string) { write(t, dir, "currentEpoch", nil) }, Damaged, "no epoch"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := aServer(t)
			c.change(t, dir)
			got, err := Look(t.Context(), dir, dir)
			if err != nil || got.Kind != c.kind || !strings.Contains(got.Reason, c.reason) {
				t.Errorf("got %+v, %v; want %s …%s…", got, err, c.kind, c.reason)
			}
			if begun := strings.Contains(name, "only begun"); begun != (len(got.Begun) > 0) {
				t.Errorf("logs that are only begun: %q", got.Begun)
			}
			if got.Kind == Sound && got.Last < 0x100000008 {
				t.Errorf("the last transaction is %s", got.Last)
			}
		})
	}
}
