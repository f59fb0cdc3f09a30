package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/zkark/zkark/test/s3server"
)

// vault is secrets, and everything in which none may be.
type vault struct {
	t       *testing.T
	secrets map[string]string // by what they are
	seen    int               // bytes looked through
}

func (v *vault) look(where, content string) {
	v.t.Helper()
	v.seen += len(content)
	for what, secret := range v.secrets {
		if strings.Contains(content, secret) {
			v.t.Errorf("%s holds %s", where, what)
		}
	}
}

func (v *vault) lookBelow(l loop, dir string) {
	v.t.Helper()
	for path, content := range l.below(dir) {
		v.look(path, content)
	}
}

// Everything that zkark says and leaves behind is looked through, when all goes well and when nothing does.
func TestNoSecretIsInAnythingThatZkarkSaysOrLeavesBehind(t *testing.T) {
	server := s3server.Start(t)
	server.CreateBucket(t, "backup")
	proxy := server.NewProxy(t)
	t.Setenv("ZKARK_S3_ENDPOINT", proxy.Endpoint())
	t.Setenv("ZKARK_S3_PATH_STYLE", "true")
	t.Setenv("ZKARK_LOG_LEVEL", "debug")
	home := t.TempDir() // of what is left behind: the working directory and that of temporary files
	t.Setenv("TMPDIR", filepath.Join(home, "tmp"))
	t.Setenv("HOME", home)
	t.Chdir(home)
	identity, err := age.GenerateX25519Identity()
	keys := t.TempDir()
	l := newLoop(t, false)
	l.must(err)
	l.must(os.Mkdir(filepath.Join(home, "tmp"), 0o755))
	l.url = "s3://backup/zk"
	l.write(filepath.Join(keys, "age"), identity.String()+"\n")
	l.write(filepath.Join(keys, "zk"), "admin:open-sesame-4711\n")
	v := &vault{t: t, secrets: map[string]string{
		"the secret key of the store": s3server.SecretKey, "ZooKeeper's password": "open-sesame-4711", "the age identity": identity.String()[16:40],
	}}
	for _, format := range []string{"text", "json"} {
		flags := []string{"--log-format", format, "--encrypt-to", identity.Recipient().String(), "--zk-sync", "--zk-server", "127.0.0.1:1", "--zk-auth-file", filepath.Join(keys, "zk")}
		proxy.Inject(refuse(403, "SignatureDoesNotMatch", false))
		sidecar := l.start(flags...)
		sidecar.wait("/status", "access denied", "connection refused")
		v.look("/status", sidecar.ask("/status"))
		v.look("/metrics", sidecar.ask("/metrics"))
		_, said := sidecar.end()
		v.look("the log of a sidecar that is refused", said)
		proxy.Inject(nil)
		sidecar = l.start(flags...)
		sidecar.wait("/status", `"archived":"0x3"`, `"bases":1`)
		v.look("/status", sidecar.ask("/status"))
		if code, said := sidecar.end(); code != 0 {
			t.Errorf("exit %d, %s", code, said)
		} else {
			v.look("the log of a sidecar", said)
		}
		for _, key := range []string{"age", "zk"} { // the second is none
			_, out, said := l.restore("--dry-run", "--log-format", format, "--identity", filepath.Join(keys, key))
			v.look("what restore says", out+said)
		}
		status, err := exec.Command(l.zkark, "status", "--archive", l.url, "--log-format", format).CombinedOutput()
		v.look("what status says", fmt.Sprint(string(status), err))
	}
	l.must(os.RemoveAll(l.data))
	if code, out, said := l.restore("--identity", filepath.Join(keys, "age")); code != 0 {
		t.Errorf("exit %d, %s", code, said)
	} else {
		v.look("what restore says", out+said)
	}
	v.lookBelow(l, home)
	v.lookBelow(l, l.data)
	v.lookBelow(l, server.Dir)
	if v.seen < 10_000 {
		t.Errorf("only %d bytes were looked through: the test proves nothing", v.seen)
	}
}
