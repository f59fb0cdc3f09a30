package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/zkark/zkark/test/child"
	"github.com/zkark/zkark/test/loop"
	"github.com/zkark/zkark/test/zkserver"
)

// unit is a systemd unit file: the values of each key, in order.
type unit map[string][]string

func readUnit(t testing.TB, name string) unit {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "deploy", "systemd", name))
	if err != nil {
		t.Fatal(err)
	}
	u := unit{}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if key, value, ok := strings.Cut(line, "="); ok && !strings.HasPrefix(line, "#") {
			u[key] = append(u[key], value)
		}
	}
	return u
}

func (u unit) one(t testing.TB, key string) string {
	t.Helper()
	if len(u[key]) != 1 {
		t.Fatalf("the unit has %d of %s", len(u[key]), key)
	}
	return u[key][0]
}

// sandbox is a machine for a unit: where the paths that units and environment files name really are.
type sandbox struct {
	dir    string
	paths  *strings.Replacer
	server *zkserver.Server
	gid    string
}

// newSandbox moves what a unit may write, and nothing else, to directories that its user owns. The server's files are its group's to read.
func newSandbox(t testing.TB, r *rig) sandbox {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("SKIPPED: running a unit's command as its user needs root")
	}
	for _, tool := range []string{"unshare", "setpriv", "mount"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("SKIPPED: needs %s: apt-get install util-linux mount", tool)
		}
	}
	if said, err := exec.Command("unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt").CombinedOutput(); err != nil {
		t.Skipf("SKIPPED: needs a mount namespace: %v %s", err, said)
	}
	group, err := user.LookupGroup("zookeeper")
	if err != nil {
		t.Skip("SKIPPED: needs the group zookeeper: apt-get install zookeeper")
	}
	dir, err := os.MkdirTemp("", "zkark-unit-")
	r.must(err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	r.must(os.Chmod(dir, 0o755))
	s := sandbox{dir: dir, server: r.server, gid: group.Gid}
	binary := filepath.Join(dir, "zkark")
	r.must(exec.Command("cp", os.Getenv(binaryVariable), binary).Run())
	for _, own := range []string{"lib", "cache"} {
		r.must(exec.Command("install", "-d", "-o", "65534", "-g", s.gid, "-m", "0750", filepath.Join(dir, own)).Run())
	}
	s.paths = strings.NewReplacer("/usr/bin/zkark", binary, "/var/lib/zkark", filepath.Join(dir, "lib"), "/var/cache/zkark", filepath.Join(dir, "cache"),
		"/etc/zookeeper/conf/zoo.cfg", r.server.ConfigFile(), "127.0.0.1:9141", "127.0.0.1:0")
	return s
}

// share gives the server's files to ZooKeeper's group, as on a machine where ZooKeeper runs as its own user.
func (s sandbox) share(r *rig) {
	r.t.Helper()
	r.must(exec.Command("chgrp", "-R", s.gid, s.server.DataDir()).Run())
	r.must(exec.Command("chmod", "-R", "u=rwX,g=rX,o=,g+s", s.server.DataDir()).Run())
	for d := filepath.Dir(s.server.ConfigFile()); len(d) > len(os.TempDir()); d = filepath.Dir(d) {
		r.must(os.Chmod(d, 0o755))
	}
}

// environment is what systemd would give to the unit's process: nothing of ours.
func (s sandbox) environment(t testing.TB, u unit) (env []string) {
	t.Helper()
	for _, file := range u["EnvironmentFile"] {
		data, err := os.ReadFile(filepath.Join("..", "..", "deploy", "systemd", filepath.Base(file)))
		if os.IsNotExist(err) && strings.HasPrefix(file, "-") {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
				env = append(env, s.paths.Replace(line))
			}
		}
	}
	for _, line := range u["Environment"] {
		env = append(env, s.paths.Replace(line))
	}
	return append(env, "PATH="+os.Getenv("PATH"))
}

// command is the unit's command as systemd would run it: the whole tree read-only but for its own directories, as a user that only has ZooKeeper's group,
// without a capability.
func (s sandbox) command(t testing.TB, u unit) *exec.Cmd {
	t.Helper()
	script := fmt.Sprintf(`set -e
mount --bind %[1]s %[1]s
mount -o remount,bind,ro %[1]s
exec setpriv --reuid=65534 --regid=%[2]s --clear-groups --bounding-set=-all --inh-caps=-all --no-new-privs %[3]s`,
		s.server.DataDir(), s.gid, s.paths.Replace(u.one(t, "ExecStart")))
	cmd := exec.Command("unshare", "--mount", "sh", "-c", script)
	cmd.Env = s.environment(t, u)
	return cmd
}

func TestTheUnitShipsAsItsUserFromAReadOnlyDirectoryAndWhatItShippedRestores(t *testing.T) {
	r := newRig(t, zkserver.Require(t), zkserver.Options{})
	s := newSandbox(t, r)
	s.share(r)
	u := readUnit(t, "zkark.service")
	if u.one(t, "User") != "zkark" || u.one(t, "Group") != "zookeeper" {
		t.Error("the unit does not run as zkark in ZooKeeper's group")
	}
	logFile := filepath.Join(r.dir, "unit.log")
	process, err := child.Start(s.command(t, u), logFile)
	r.must(err)
	t.Cleanup(func() { _ = process.End(syscall.SIGKILL) })
	r.zkark.Archive = filepath.Join(s.dir, "lib", "archive")
	r.write("/ark", 2)
	before := r.znodes()
	if _, err := loop.WaitArchived(r.ctx, r.zkark.Archive, r.zxid()); err != nil {
		said, _ := os.ReadFile(logFile)
		t.Fatalf("%v\n%s", err, said)
	}
	r.must(r.server.Kill())
	if err := process.End(syscall.SIGTERM); err != nil {
		said, _ := os.ReadFile(logFile)
		t.Errorf("systemd would say that the unit failed: %v\n%s", err, said)
	}
	s.restoreByDropIn(r)
	r.boot()
	r.expectSame(before)
}

// restoreByDropIn loses the data and runs what the drop-in runs before ZooKeeper starts: first on nothing, then on sound data.
func (s sandbox) restoreByDropIn(r *rig) {
	r.t.Helper()
	u := readUnit(r.t, filepath.Join("zookeeper.service.d", "zkark.conf"))
	r.must(os.RemoveAll(filepath.Join(s.server.DataDir(), "version-2")))
	for range 2 {
		words := strings.Fields(s.paths.Replace(u.one(r.t, "ExecStartPre")))
		cmd := exec.Command(words[0], words[1:]...)
		cmd.Env = s.environment(r.t, u)
		if said, err := cmd.CombinedOutput(); err != nil {
			r.t.Fatalf("%s: %v\n%s", words, err, said)
		}
	}
}

// What the timers run, with the environment files as they are installed.
func TestTheTimersPruneAndDrillWithTheEnvironmentThatIsInstalled(t *testing.T) {
	r := newRig(t, zkserver.Require(t), zkserver.Options{})
	s := newSandbox(t, r)
	s.share(r)
	sidecar, err := child.Start(s.command(t, readUnit(t, "zkark.service")), filepath.Join(r.dir, "unit.log"))
	r.must(err)
	t.Cleanup(func() { _ = sidecar.End(syscall.SIGKILL) })
	r.zkark.Archive = filepath.Join(s.dir, "lib", "archive")
	r.write("/ark", 1)
	_, err = loop.WaitArchived(r.ctx, r.zkark.Archive, r.zxid())
	r.must(err)
	r.must(sidecar.End(syscall.SIGTERM))
	for _, name := range []string{"zkark-drill.service", "zkark-prune.service"} {
		if said, err := s.command(t, readUnit(t, name)).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", name, err, said)
		}
	}
	if drills, err := os.ReadDir(filepath.Join(r.zkark.Archive, "drills")); err != nil || len(drills) != 1 {
		t.Errorf("%d reports of drills: %v", len(drills), err)
	}
}
