package main

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/zkark/zkark/internal/zookeeper"
)

// keyFile makes an identity, and a file with it.
func (l loop) keyFile(mode os.FileMode) (path, recipient string) {
	l.t.Helper()
	k, err := age.GenerateX25519Identity()
	l.must(err)
	path = filepath.Join(l.t.TempDir(), "key.txt")
	l.must(os.WriteFile(path, []byte(k.String()+"\n"), mode))
	return path, k.Recipient().String()
}

// grow adds two records to the server's log.
func (l loop) grow(after int) {
	l.t.Helper()
	const header = 16
	f, err := os.OpenFile(filepath.Join(l.data, zookeeper.VersionDir, "log.1"), os.O_APPEND|os.O_WRONLY, 0)
	l.must(err)
	_, err = f.Write(l.records(after, 2, false)[header:])
	l.must(err)
	l.must(f.Close())
}

// below are the files below a directory, with what they hold.
func (l loop) below(dir string) map[string]string {
	l.t.Helper()
	files := map[string]string{}
	l.must(filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		files[path] = string(data)
		return err
	}))
	return files
}

func TestAnEncryptedArchiveShowsNothingAndIsRestoredWithTheIdentity(t *testing.T) {
	l := newLoop(t, false)
	key, recipient := l.keyFile(0o600)
	l.ship("--encrypt-to", recipient)
	for path, data := range l.below(strings.TrimPrefix(l.url, "file://")) {
		unpacked := unzstd(t, data)
		if strings.Contains(data+unpacked, "node-1") || strings.Contains(data+unpacked, "zookeeper") {
			t.Errorf("%s shows the names of nodes", path)
		}
	}
	l.must(os.RemoveAll(l.data))
	if code, out, said := l.restore("--identity", key, "--max-rate", "10MiB"); code != 0 || strings.Contains(said, "chmod") {
		t.Fatalf("exit %d, %s%s", code, out, said)
	}
	log, err := os.ReadFile(filepath.Join(l.data, zookeeper.VersionDir, "log.1"))
	if err != nil || !bytes.Contains(log, []byte("/node-3")) {
		t.Errorf("the restored log is %q, %v", log, err)
	}
}

func unzstd(t *testing.T, data string) string {
	t.Helper()
	z, err := zstd.NewReader(strings.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	unpacked, _ := io.ReadAll(z) // what is encrypted is no zstd
	return string(unpacked)
}

func TestWithoutTheIdentityARestoreSaysWhatToDoAndTouchesNothing(t *testing.T) {
	l := newLoop(t, false)
	_, recipient := l.keyFile(0o600)
	other, _ := l.keyFile(0o600)
	l.ship("--encrypt-to", recipient)
	before := l.below(l.data)
	for want, more := range map[string][]string{
		"no identity was given: give --identity FILE": nil,
		"not to any of the identities given":          {"--identity", other},
		"no age identity file":                        {"--identity", l.cfg},
	} {
		code, out, said := l.restore(more...)
		if code != 2 || out != "" || !strings.Contains(said, want) {
			t.Errorf("%q: exit %d, %s%s, want %q", more, code, out, said, want)
		}
		if diff := cmp.Diff(before, l.below(l.data)); diff != "" {
			t.Errorf("%q: the target was touched:\n%s", more, diff)
		}
	}
	if code, out, said := l.restore("--dry-run"); code != 0 || !strings.Contains(said, "give --identity FILE") {
		t.Errorf("dry run: exit %d, %s%s", code, out, said)
	}
}

func TestAnArchiveThatIsEncryptedFromSomePointOnIsRestoredWhole(t *testing.T) {
	l := newLoop(t, false)
	key, recipient := l.keyFile(0o644)
	list := filepath.Join(t.TempDir(), "recipients")
	l.must(os.WriteFile(list, []byte("# operations\n"+recipient+"\n"), 0o644))
	l.ship()
	l.grow(3)
	l.ship("--encrypt-to-file", list)
	l.grow(5)
	l.ship("--encrypt-to", recipient)
	if segments, _ := filepath.Glob(strings.TrimPrefix(l.url, "file://") + "/timelines/00000001/log/*.age"); len(segments) != 2 {
		t.Fatalf("encrypted segments: %q, want 2", segments)
	}
	l.must(os.RemoveAll(l.data))
	code, out, said := l.restore("--at", "0x7", "--identity", key)
	if code != 0 || !strings.Contains(out, "0x7") || !strings.Contains(said, "chmod 600") {
		t.Fatalf("exit %d, %s%s", code, out, said)
	}
	if log := l.below(l.data)[filepath.Join(l.data, zookeeper.VersionDir, "log.1")]; !strings.Contains(log, "/node-1") || !strings.Contains(log, "/node-7") {
		t.Errorf("the restored log is %q", log)
	}
}

func TestASecretKeyInThePlaceOfAPublicOneIsRefusedAndNotRepeated(t *testing.T) {
	l := newLoop(t, false)
	key, _ := l.keyFile(0o600)
	secret, err := os.ReadFile(key)
	l.must(err)
	for _, more := range [][]string{{"--encrypt-to", strings.TrimSpace(string(secret))}, {"--encrypt-to-file", key}, {"--encrypt-to", ""}} {
		code, said := l.sidecarFails(more...)
		if code != 2 || strings.Contains(strings.ToUpper(said), "SECRET-KEY") {
			t.Errorf("exit %d, %s", code, said)
		}
	}
}

func (l loop) sidecarFails(more ...string) (code int, said string) {
	l.t.Helper()
	cmd := exec.CommandContext(l.t.Context(), l.zkark, append([]string{"sidecar", "--zoo-cfg", l.cfg, "--archive", l.url}, more...)...)
	out, err := cmd.CombinedOutput()
	if err == nil || cmd.ProcessState == nil {
		l.t.Fatalf("no failure: %v, %s", err, out)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}
