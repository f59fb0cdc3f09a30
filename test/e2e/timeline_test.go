package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zkark/zkark/test/zkserver"
)

func TestOldDataThatIsPutBackByHandBeginsANewTimelineAndBothCanBeRestored(t *testing.T) {
	r := newRig(t, zkserver.Require(t), zkserver.Options{})
	sidecar := r.startSidecar()
	r.write("/old", 20)
	r.waitArchived()
	r.must(r.server.Kill())
	backup := filepath.Join(r.dir, "backup")
	r.must(os.CopyFS(backup, os.DirFS(r.server.DataDir())))
	r.server.MustStart(t)
	r.write("/first", 30)
	r.waitArchived()
	first, at := r.znodes(), r.zxid()

	r.client.Close() // it has seen what is about to never have been
	r.must(r.server.Kill())
	r.must(os.RemoveAll(r.server.DataDir()))
	r.must(os.CopyFS(r.server.DataDir(), os.DirFS(backup)))
	r.server.MustStart(t)
	r.connect()
	r.write("/second", 200) // more than the first time: the zxids go beyond
	if r.zxid() <= at {
		t.Fatalf("the second history ends at %s, before the first at %s", r.zxid(), at)
	}
	r.waitArchived()
	second := r.znodes()
	r.must(sidecar.Stop())
	told, err := r.zkark.Run(r.ctx, "timeline", "--archive", "file://"+r.zkark.Archive)
	r.must(err)
	if !strings.Contains(told, "timeline 1, of which it shares") {
		t.Errorf("zkark timeline prints\n%s", told)
	}

	r.lose()
	r.restore()
	r.boot()
	r.expectSame(second)
	r.client.Close()
	r.lose()
	_, err = r.zkark.Restore(r.ctx, "--timeline", "1", "--at", at.String())
	r.must(err)
	r.boot()
	r.connect()
	r.expectSame(first)
}
