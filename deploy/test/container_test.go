package deploy

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	core "k8s.io/api/core/v1"
)

// machine runs a pod's containers as processes: each in a mount namespace of its own, with a root directory that has the image and the
// pod's volumes and nothing else, read-only where the manifest says so, as the pod's user and group. It shares the network with the test.
type machine struct {
	pod
	dir     string
	volumes map[string]string                   // a volume's name → its directory here
	image   func(core.Container) []bind         // what is in a container's root directory
	adapt   func(core.Container) core.Container // what differs from the manifest: ports, the store
}

// bind is a file or directory of the host in a container.
type bind struct {
	from, to string
	readOnly bool
}

// needMounts skips where no file system can be mounted.
func needMounts(t *testing.T) {
	t.Helper()
	if out, err := exec.Command("unshare", "--mount", "--propagation", "private", "mount", "-t", "tmpfs", "none", "/mnt").CombinedOutput(); err != nil {
		t.Skipf("SKIPPED, needs root and mount namespaces: unshare: %v: %s", err, out)
	}
}

// process is a container that runs.
type process struct {
	cmd    *exec.Cmd
	output bytes.Buffer
	ended  chan error
}

func (m machine) start(t *testing.T, name string) *process {
	t.Helper()
	c := m.adapt(m.container(t, name))
	root := filepath.Join(m.dir, "root-"+name)
	if err := os.MkdirAll(root, 0o755); err != nil {
		t.Fatal(err)
	}
	p := &process{ended: make(chan error, 1)}
	args := append([]string{"--mount", "--propagation", "private", "--", "sh", "-euc", m.script(root, c), "sh"}, c.Command...)
	p.cmd = exec.Command("unshare", append(args, c.Args...)...)
	p.cmd.Env = append([]string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOSTNAME=zookeeper-0"}, m.env(t, c)...)
	p.cmd.Stdout, p.cmd.Stderr = &p.output, &p.output
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.ended <- p.cmd.Wait() }()
	t.Cleanup(func() { _ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) })
	return p
}

// script makes the root directory and becomes the container's process.
func (m machine) script(root string, c core.Container) string {
	var s strings.Builder
	fmt.Fprintf(&s, "mount -t tmpfs none %s\n", root)
	for _, b := range append(m.image(c), m.mounts(c)...) {
		to := filepath.Join(root, b.to)
		fmt.Fprintf(&s, "if [ -d %s ]; then mkdir -p %s; else mkdir -p %s; : >> %[2]s; fi\n", b.from, to, filepath.Dir(to))
		fmt.Fprintf(&s, "mount --bind %s %s\n", b.from, to)
		if b.readOnly {
			fmt.Fprintf(&s, "mount -o remount,bind,ro %s\n", to)
		}
	}
	if *c.SecurityContext.ReadOnlyRootFilesystem {
		fmt.Fprintf(&s, "mount -o remount,bind,ro %s\n", root)
	}
	user := m.spec.SecurityContext
	fmt.Fprintf(&s, "umask 022\nexec setpriv --no-new-privs chroot --userspec=%d:%d --groups=%d %s \"$@\"\n", *user.RunAsUser, *user.RunAsGroup, *user.FSGroup, root)
	return s.String()
}

func (m machine) mounts(c core.Container) (binds []bind) {
	for _, v := range c.VolumeMounts {
		binds = append(binds, bind{filepath.Join(m.volumes[v.Name], v.SubPath), v.MountPath, v.ReadOnly})
	}
	return binds
}

func (m machine) env(t *testing.T, c core.Container) (env []string) {
	for _, from := range c.EnvFrom {
		if from.ConfigMapRef == nil {
			continue
		}
		for _, config := range find(m.objects, func(o *core.ConfigMap) bool { return o.Name == from.ConfigMapRef.Name }) {
			for name, value := range config.Data {
				env = append(env, name+"="+value)
			}
		}
	}
	for _, e := range c.Env {
		if e.ValueFrom != nil {
			t.Fatalf("%s: where does %s come from?", c.Name, e.Name)
		}
		env = append(env, e.Name+"="+e.Value)
	}
	return env
}

// run runs a container that ends, and wants it to end well.
func (m machine) run(t *testing.T, name string) string {
	t.Helper()
	p := m.start(t, name)
	return p.wait(t, name)
}

func (p *process) wait(t *testing.T, name string) string {
	t.Helper()
	select {
	case err := <-p.ended:
		if err != nil {
			t.Fatalf("container %s: %v: %s", name, err, p.output.String())
		}
	case <-time.After(time.Minute):
		t.Fatalf("container %s does not end", name)
	}
	return p.output.String()
}

// stop ends a container as the kubelet does, and returns how it ended.
func (p *process) stop(t *testing.T) error {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-p.ended:
		return err
	case <-time.After(time.Minute):
		t.Fatal("a container does not heed SIGTERM")
		return nil
	}
}

// volume makes a directory as the kubelet hands one to a pod with an fsGroup: root's, and writable for the group.
func volume(t *testing.T, dir string, group int64) string {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(dir, 0, int(group)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, os.ModeSetgid|0o775); err != nil {
		t.Fatal(err)
	}
	return dir
}
