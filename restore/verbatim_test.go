package restore

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

func TestRestoredLogsHoldEveryRecordByteForByteWithItsDigest(t *testing.T) {
	w := newWorld(t, 71, 300)
	cfg := w.config(t)
	cfg.Quorum = true
	report, err := Run(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	want := map[zookeeper.Zxid][]byte{}
	digests := 0
	for _, txn := range w.log {
		want[txn.Zxid] = txnlog.Encode(txn)
		if txn.Digest != nil {
			digests++
		}
	}
	for zxid, got := range payloads(t, cfg.LogDir) {
		if !bytes.Equal(want[zxid], got) {
			t.Errorf("%s is %x, want %x", zxid, got, want[zxid])
		}
		delete(want, zxid)
	}
	for zxid := range want {
		if zxid > report.Plan.Base.End {
			t.Errorf("%s, behind the base, is in no log", zxid)
		}
	}
	if digests == 0 {
		t.Error("no transaction has a digest: the test proves little")
	}
}

func payloads(t *testing.T, logDir string) map[zookeeper.Zxid][]byte {
	t.Helper()
	all := map[zookeeper.Zxid][]byte{}
	walkFiles(t, filepath.Join(logDir, zookeeper.VersionDir), func(path string) {
		if _, ok := zookeeper.ParseLogName(filepath.Base(path)); !ok {
			return
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		r := txnlog.NewReader(f, path)
		rec, err := r.Next()
		for ; err == nil; rec, err = r.Next() {
			all[rec.Zxid] = bytes.Clone(rec.Payload)
		}
		if !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
	})
	return all
}

func TestWhatElseIsInTheDataDirectoryIsLeftAlone(t *testing.T) {
	w := newWorld(t, 72, 30)
	cfg := w.config(t)
	mine := map[string]string{"/myid": "3\n", "/zoo.cfg.dynamic.100000000": "server.3=z3:2888:3888\n", "/notes/todo": "nothing"}
	for name, content := range mine {
		path := filepath.Join(cfg.DataDir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), 0o604)); err != nil {
			t.Fatal(err)
		}
	}
	put(t, cfg)
	cfg.KeepOld = false
	if _, err := Run(context.Background(), cfg); err != nil {
		t.Fatal(err)
	}
	left := contents(t, cfg.DataDir)
	for name := range left {
		if dir := "/" + zookeeper.VersionDir + "/"; len(name) > len(dir) && name[:len(dir)] == dir {
			delete(left, name)
		}
	}
	if diff := cmp.Diff(mine, left); diff != "" {
		t.Errorf("-was +is:\n%s", diff)
	}
	if info, err := os.Stat(filepath.Join(cfg.DataDir, "myid")); err != nil || info.Mode().Perm() != 0o604 {
		t.Errorf("myid: %v, %v", info, err)
	}
}
