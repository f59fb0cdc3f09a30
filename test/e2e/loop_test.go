package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/test/zkserver"
)

func TestARestoredServerBootsOnItsReleaseWithEveryZnode(t *testing.T) {
	onEachRelease(t, func(t *testing.T, r zkserver.Release) { onceAround(t, r, zkserver.Options{}) })
}

func TestEverySettingOfTheServerSurvivesTheLoop(t *testing.T) {
	rolling := "-Dzookeeper.snapCount=100" // a new log file and a snapshot about every 75 transactions
	settings := map[string]zkserver.Options{
		"logs in a directory of their own": {SeparateLogDir: true, JVM: []string{rolling}},
		"logs that roll all the time":      {JVM: []string{rolling}},
		"gzip snapshots":                   {JVM: []string{rolling, "-Dzookeeper.snapshot.compression.method=gz"}},
		"snappy snapshots":                 {JVM: []string{rolling, "-Dzookeeper.snapshot.compression.method=snappy"}},
		"no digests":                       {JVM: []string{rolling, "-Dzookeeper.digest.enabled=false"}},
		"a locale that is ASCII":           {JVM: []string{rolling, "-Dfile.encoding=US-ASCII"}},
		"no preallocation":                 {Config: []string{"preAllocSize=0"}},
	}
	for name, o := range settings {
		t.Run(name, func(t *testing.T) { onceAround(t, zkserver.Require(t), o) })
	}
}

// onceAround writes, ships, loses everything, restores, and expects all of it back.
func onceAround(t *testing.T, release zkserver.Release, o zkserver.Options) {
	r := newRig(t, release, o)
	sidecar := r.startSidecar()
	r.write("/ark", 400)
	r.waitArchived()
	before, zxid := r.znodes(), r.zxid()
	dataDir, logDir := r.lose()
	r.must(sidecar.Stop())
	r.restore()
	r.boot()
	expectDigest(t, r, logDir)
	r.expectSame(before)
	if got := r.zxid(); got < zxid {
		t.Errorf("the restored server is at %s, the lost one was at %s", got, zxid)
	}
	expectOnlyRead(t, dataDir)
}

// expectOnlyRead expects that zkark left nothing of its own in the lost server's directory.
func expectOnlyRead(t *testing.T, dataDir string) {
	t.Helper()
	entries, err := os.ReadDir(dataDir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != "version-2" && e.Name() != "myid" {
			t.Errorf("the sidecar left %s in the data directory", e.Name())
		}
	}
}

func TestAServerGoesAroundTheLoopAgainAndAgain(t *testing.T) {
	r := newRig(t, zkserver.Require(t), zkserver.Options{JVM: []string{"-Dzookeeper.snapCount=200"}})
	for _, root := range []string{"/first", "/second", "/third"} {
		sidecar := r.startSidecar()
		r.write(root, 100)
		r.waitArchived()
		before := r.znodes()
		r.lose()
		r.must(sidecar.Stop())
		r.restore()
		r.boot()
		r.expectSame(before)
	}
}

func TestAServerBootsFromALogThatGoesBackToTheFirstTransaction(t *testing.T) {
	r := newRig(t, zkserver.Require(t), zkserver.Options{})
	sidecar := r.startSidecar()
	r.write("/ark", 100)
	r.waitArchived()
	before := r.znodes()
	r.lose()
	r.must(sidecar.Stop())
	r.must(os.RemoveAll(filepath.Join(r.zkark.Archive, archive.TimelinePrefix(1), archive.SnapshotPrefix)))
	r.restore()
	r.boot()
	r.expectSame(before)
}
