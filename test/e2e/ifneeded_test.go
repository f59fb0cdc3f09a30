package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/test/zkserver"
)

// An init container that runs again, after a restore that went well or beside data that the archive does not have yet, does nothing to it.
func TestARestoreIfNeededLeavesDataAloneThatIsNewerThanTheArchive(t *testing.T) {
	r := newRig(t, zkserver.Require(t), zkserver.Options{})
	sidecar := r.startSidecar()
	r.write("/ark", 20)
	r.waitArchived()
	sidecar.Kill()
	r.write("/newer", 20)
	before := r.znodes()
	r.must(r.server.Kill())
	r.expectAction("none")
	r.expectAction("none")
	r.boot()
	r.expectSame(before)
}

// A server that dies between creating a log and writing its header does not start again by itself (ZOOKEEPER-2332).
func TestAServerThatDiedOverANewLogStartsAgainAfterARestoreIfNeeded(t *testing.T) {
	r := newRig(t, zkserver.Require(t), zkserver.Options{})
	sidecar := r.startSidecar()
	r.write("/ark", 20)
	r.waitArchived()
	r.must(sidecar.Stop())
	before := r.znodes()
	last := r.zxid()
	r.must(r.server.Kill())
	begun := filepath.Join(r.server.LogDir(), zookeeper.VersionDir, zookeeper.LogName(last+1))
	r.must(os.WriteFile(begun, []byte("ZKLG\x00\x00"), 0o644))
	if err := r.server.Start(r.ctx); err == nil {
		t.Fatal("the server starts beside a log that is only begun: then zkark need not remove it")
	}
	r.expectAction("cleared")
	r.expectAction("none")
	r.boot()
	r.expectSame(before)
}
