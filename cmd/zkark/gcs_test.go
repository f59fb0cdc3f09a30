package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zkark/zkark/internal/store/gcs"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/test/gcsserver"
)

func TestTheLoopRunsOverCloudStorage(t *testing.T) {
	server := gcsserver.Start(t)
	server.CreateBucket(t, "backup")
	t.Setenv("STORAGE_EMULATOR_HOST", server.Address)
	l := newLoop(t, false)
	l.url = "gs://backup/zk/prod"
	bucket, err := gcs.Open(t.Context(), gcs.Options{Bucket: "backup", Prefix: "zk/prod"})
	l.must(err)
	defer bucket.Close()
	l.shipUntil(func() bool {
		found := map[string]bool{}
		for object, err := range bucket.List(t.Context(), "timelines/00000001/", "") {
			l.must(err)
			found[filepath.Base(filepath.Dir(object.Key))] = true
		}
		return found["log"] && found["snapshot"]
	})
	l.must(os.RemoveAll(l.data))
	if code, out, said := l.restore(); code != 0 || !strings.Contains(out, "0x3\n") {
		t.Fatalf("restore: exit %d, %s%s", code, out, said)
	}
	if _, err := os.Stat(filepath.Join(l.data, zookeeper.VersionDir, "log.1")); err != nil {
		t.Error(err)
	}
}

func TestABucketOrCredentialsThatAreMissingAreExitCode6(t *testing.T) {
	server := gcsserver.Start(t)
	l := newLoop(t, false)
	l.url = "gs://nowhere/zk"
	t.Setenv("STORAGE_EMULATOR_HOST", server.Address)
	if code, out, said := l.restore("--force"); code != 6 || !strings.Contains(said, "no such bucket: gs://nowhere") {
		t.Errorf("missing bucket: exit %d, %s%s", code, out, said)
	}
	t.Setenv("STORAGE_EMULATOR_HOST", "")
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", filepath.Join(t.TempDir(), "none.json"))
	code, out, said := l.restore("--force")
	if code != 6 || !strings.Contains(said, "access denied") || strings.Count(said, "\n") > 1 {
		t.Errorf("missing credentials: exit %d, %s%s", code, out, fmt.Sprintf("%q", said))
	}
}
