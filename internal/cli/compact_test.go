package cli

import (
	"bytes"
	"crypto/sha256"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
	"github.com/zkark/zkark/sidecar/tail/tailtest"
)

// shipped archives one record of a server's log in the way of a sidecar.
func shipped(t *testing.T, dir string, z zookeeper.Zxid, payload []byte) {
	t.Helper()
	var file, object bytes.Buffer
	w, err := txnlog.NewWriter(&file)
	if err == nil {
		err = w.Append(payload)
	}
	if err != nil {
		t.Fatal(err)
	}
	e, err := archive.NewEncoder(&object, archive.Meta{Format: archive.Format, Cluster: "c", File: zookeeper.LogName(z)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Write(file.Bytes()); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	at := time.UnixMilli(tailtest.Time(z))
	s := archive.Segment{First: z, Last: z, Prev: z - 1, Linked: true, FirstTime: at, LastTime: at, Hash: archive.Meta{}.ContentHash(sha256.Sum256(file.Bytes()))}
	put(t, dir, archive.TimelinePrefix(1)+s.Key(), object.String(), time.Now().Add(-2*time.Hour))
}

func TestCompactMakesOneSegmentOfManyAndSaysSo(t *testing.T) {
	server, dir := tailtest.New(t), t.TempDir()
	server.Log(1, 40)
	for z := range zookeeper.Zxid(40) {
		shipped(t, dir, z+1, txnlog.Encode(tailtest.Txn(z+1, 0)))
	}
	cfg := filepath.Join(t.TempDir(), "zoo.cfg")
	if err := os.WriteFile(cfg, []byte("dataDir="+server.Path+"\nclientPort=2181\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	args := []string{"compact", "--zoo-cfg", cfg, "--archive", "file://" + dir}
	if code, _, notes := run(args...); code != 3 || !strings.Contains(notes, "zkark.json is missing") {
		t.Errorf("without an archive: exit %d, %s", code, notes)
	}
	put(t, dir, archive.IdentityKey, `{"format":1,"cluster":"c"}`, time.Now())
	if code, out, notes := run(args...); code != 0 || !strings.HasPrefix(out, "compacted      0x1–0x28, ") {
		t.Errorf("exit %d: %s%s", code, out, notes)
	}
	if code, out, notes := run(args...); code != 0 || out != "nothing to compact\n" {
		t.Errorf("again: exit %d: %s%s", code, out, notes)
	}
	if code, out, notes := run("prune", "--archive", "file://"+dir, "--keep", "7d", "--grace", "0", "--dry-run"); code != 0 ||
		!strings.Contains(out, "would remove   40 objects") {
		t.Errorf("prune: exit %d: %s%s", code, out, notes)
	}
}
