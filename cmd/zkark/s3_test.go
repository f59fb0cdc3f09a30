package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/test/s3server"
)

func TestTheLoopRunsOverS3(t *testing.T) {
	server := s3server.Start(t)
	server.CreateBucket(t, "backup")
	l := newLoop(t, false)
	l.url = "s3://backup/zk/prod"
	t.Setenv("ZKARK_S3_ENDPOINT", server.Endpoint())
	t.Setenv("ZKARK_S3_PATH_STYLE", "true")
	timeline := filepath.Join(server.Dir, "backup", "zk", "prod", "timelines", "00000001")
	l.shipUntil(func() bool { return hasBase(timeline) && segments(timeline) > 0 })
	l.must(os.RemoveAll(l.data))
	if code, out, said := l.restore(); code != 0 || !strings.Contains(out, "0x3\n") {
		t.Fatalf("restore: exit %d, %s%s", code, out, said)
	}
	if _, err := os.Stat(filepath.Join(l.data, zookeeper.VersionDir, "log.1")); err != nil {
		t.Error(err)
	}

	t.Setenv("AWS_SECRET_ACCESS_KEY", "wrong")
	if code, _, said := l.restore("--force"); code != 6 || !strings.Contains(said, "access denied") || strings.Count(said, "\n") > 1 {
		t.Errorf("wrong secret: exit %d, %q", code, said)
	}
	t.Setenv("AWS_SECRET_ACCESS_KEY", s3server.SecretKey)
	l.url = "s3://nowhere/zk"
	if code, _, said := l.restore("--force"); code != 6 || !strings.Contains(said, "no such bucket: s3://nowhere") {
		t.Errorf("missing bucket: exit %d, %q", code, said)
	}
}
