package e2e

import (
	"testing"

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
