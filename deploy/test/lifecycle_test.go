package deploy

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"
	core "k8s.io/api/core/v1"
)

// life is a pod of one server, with ports of its own and an archive in a directory.
type life struct {
	machine
	client, metrics string // ports
	at              string // the point to restore, when not the newest
}

// TestAPodsLife goes through what happens to a pod: the first start, a shutdown in the order of native sidecars, the loss of the volume, the
// start after that, the jobs, and going back in time, with the containers, users and mounts of the manifests.
func TestAPodsLife(t *testing.T) {
	needMounts(t)
	if _, err := os.Stat("/usr/share/java/zookeeper.jar"); err != nil {
		t.Skip("SKIPPED, needs a real ZooKeeper server: on Debian: apt-get install zookeeper")
	}
	for _, from := range []rendered{
		{"kustomize", kustomize(t, filepath.Join(kubernetes, "overlays", "s3-irsa"))},
		{"chart", helm(t, load(t), chartValues()["an ensemble"])},
	} {
		t.Run(from.name, func(t *testing.T) {
			l := newLife(t, from)
			l.firstStart(t)
			sidecar, server := l.boot(t)
			before := l.write(t)
			l.shutDown(t, server, sidecar)

			l.loseVolume(t)
			l.initialize(t, "restored")
			sidecar, server = l.boot(t)
			if after := l.read(t); !maps.Equal(before, after) || len(after) < 200 {
				t.Errorf("%d znodes came back as %d", len(before), len(after))
			}
			l.shutDown(t, server, sidecar)
			l.initialize(t, "none")
			l.runJobs(t, from)

			l.at = "0x20"
			l.loseVolume(t)
			l.initialize(t, "restored")
			l.at = ""
			sidecar, server = l.boot(t)
			if after := l.read(t); len(after) < 10 || len(after) > 35 {
				t.Errorf("at transaction 32 there were %d znodes", len(after))
			}
			l.shutDown(t, server, sidecar)
		})
	}
}

func newLife(t *testing.T, from rendered) *life {
	servers := slices.DeleteFunc(pods(from), func(p pod) bool { return len(p.claims) == 0 })
	dir, err := os.MkdirTemp("", "zkark-pod-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	port := func() string { _, port, _ := net.SplitHostPort(freeAddress(t)); return port }
	l := &life{client: port(), metrics: port()}
	l.machine = machine{pod: servers[0], dir: dir, volumes: map[string]string{}, image: image, adapt: l.adapt}
	group := *l.spec.SecurityContext.FSGroup
	for _, v := range append(l.spec.Volumes, core.Volume{Name: "data"}, core.Volume{Name: "archive"}) {
		l.volumes[v.Name] = volume(t, filepath.Join(dir, "volume-"+v.Name), group)
		if v.ConfigMap != nil {
			l.writeZooCfg(t, v.ConfigMap.Name, l.volumes[v.Name])
		}
	}
	return l
}

// writeZooCfg is the manifest's zoo.cfg for one server on a port of its own.
func (l *life) writeZooCfg(t *testing.T, configMap, dir string) {
	config := find(l.objects, func(c *core.ConfigMap) bool { return c.Name == configMap })[0]
	var lines []string
	for line := range strings.Lines(config.Data["zoo.cfg"]) {
		if !strings.HasPrefix(line, "server.") {
			lines = append(lines, line)
		}
	}
	write(t, filepath.Join(dir, "zoo.cfg"), strings.Join(lines, "")+"clientPort="+l.client+"\n")
}

// image is what stands for an image: zkark's is the binary, ZooKeeper's is what Debian installs.
func image(c core.Container) []bind {
	if isZkark(c) {
		return []bind{{zkark(), "/zkark", true}, {"/etc/ssl/certs", "/etc/ssl/certs", true}}
	}
	binds := []bind{{"/proc", "/proc", false}, {"/dev", "/dev", false}}
	for _, dir := range []string{"/usr", "/bin", "/lib", "/lib64", "/etc"} {
		if _, err := os.Stat(dir); err == nil {
			binds = append(binds, bind{dir, dir, true})
		}
	}
	return binds
}

// adapt leaves the manifest's arguments as they are, but for the port and the store.
func (l *life) adapt(c core.Container) core.Container {
	if !isZkark(c) {
		if c.Name == "zookeeper" {
			const jars = "/usr/share/java/"
			c.Command = []string{"java", "-Xmx128m", "-cp", jars + "zookeeper.jar:" + jars + "slf4j-simple.jar:" + jars + "netty-codec.jar:" + jars + "netty-resolver.jar",
				"org.apache.zookeeper.server.quorum.QuorumPeerMain", "/conf/zoo.cfg"}
		}
		return c
	}
	c.Command = []string{"/zkark"}
	c.Args = slices.Clone(c.Args)
	for i, arg := range c.Args {
		c.Args[i] = strings.Replace(arg, "--listen=:9141", "--listen=:"+l.metrics, 1)
	}
	c.Env = append(slices.Clone(c.Env), core.EnvVar{Name: "ZKARK_ARCHIVE", Value: "file:///archive/zk"})
	if l.at != "" {
		c.Env = append(c.Env, core.EnvVar{Name: "ZKARK_AT", Value: l.at}, core.EnvVar{Name: "ZKARK_REJOIN", Value: "ensemble"})
	}
	c.VolumeMounts = append(slices.Clone(c.VolumeMounts), core.VolumeMount{Name: "archive", MountPath: "/archive"})
	return c
}

// named is the name of the container that runs a command of zkark.
func (l *life) named(t *testing.T, command string) string {
	for _, c := range l.containers() {
		if isZkark(c) && c.Args[0] == command {
			return c.Name
		}
	}
	t.Fatalf("no container runs %s", command)
	return ""
}

func (l *life) firstStart(t *testing.T) {
	t.Helper()
	if l.probe(t) == nil {
		t.Error("a server that does not run is ready")
	}
	l.initialize(t, "startEmpty")
	if myid := string(read(t, filepath.Join(l.volumes["data"], "myid"))); myid != "1\n" {
		t.Errorf("myid is %q", myid)
	}
}

// initialize runs the init containers that end, and wants the restore to do something.
func (l *life) initialize(t *testing.T, action string) {
	t.Helper()
	l.run(t, "myid")
	said := l.run(t, l.named(t, "restore"))
	var decision struct{ Action string }
	if err := json.Unmarshal(read(t, filepath.Join(l.volumes["data"], "zkark-decision.json")), &decision); err != nil || decision.Action != action {
		t.Fatalf("the restore did %q, want %q (%v): %s", decision.Action, action, err, said)
	}
}

// boot starts the sidecar, then ZooKeeper, and waits until their probes say yes.
func (l *life) boot(t *testing.T) (sidecar, server *process) {
	t.Helper()
	sidecar = l.start(t, l.named(t, "sidecar"))
	c := l.container(t, l.named(t, "sidecar"))
	for _, path := range []string{c.LivenessProbe.HTTPGet.Path, c.ReadinessProbe.HTTPGet.Path} {
		eventually(t, "the sidecar answers 200 at "+path, func() bool {
			answer, err := http.Get("http://127.0.0.1:" + l.metrics + path)
			if err != nil {
				return false
			}
			answer.Body.Close()
			return answer.StatusCode == http.StatusOK
		}, func() string { return "it does not" })
	}
	if said, err := exec.CommandContext(t.Context(), zkark(), "healthcheck", "--listen", ":"+l.metrics).CombinedOutput(); err != nil {
		t.Errorf("healthcheck: %v: %s", err, said)
	}
	server = l.start(t, "zookeeper")
	eventually(t, "ZooKeeper is ready", func() bool { return l.probe(t) == nil }, func() string { return "it is not" })
	return sidecar, server
}

// probe asks what the manifest's readiness probe of ZooKeeper asks.
func (l *life) probe(t *testing.T) error {
	command := slices.Clone(l.container(t, "zookeeper").ReadinessProbe.Exec.Command)
	command[2] = strings.Replace(command[2], "/2181", "/"+l.client, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second) // as the manifest says
	defer cancel()
	return exec.CommandContext(ctx, command[0], command[1:]...).Run()
}

// shutDown is the order of native sidecars: the containers first, then those beside them.
func (l *life) shutDown(t *testing.T, server, sidecar *process) {
	t.Helper()
	_ = server.stop(t) // Java ends with 143
	if err := sidecar.stop(t); err != nil {
		t.Fatalf("the sidecar did not ship all there was: %v: %s", err, sidecar.output.String())
	}
}

func (l *life) loseVolume(t *testing.T) {
	t.Helper()
	if err := os.RemoveAll(l.volumes["data"]); err != nil {
		t.Fatal(err)
	}
	volume(t, l.volumes["data"], *l.spec.SecurityContext.FSGroup)
}

// runJobs runs what the CronJobs run, as other users, whom the archive lets in.
func (l *life) runJobs(t *testing.T, from rendered) {
	t.Helper()
	archive := l.volumes["archive"]
	for _, p := range pods(from) {
		if len(p.claims) > 0 {
			continue
		}
		user := *p.spec.SecurityContext.RunAsUser
		chown(t, archive, int(user))
		m := machine{pod: p, dir: l.dir, volumes: map[string]string{"archive": archive}, image: image, adapt: l.adapt}
		for _, v := range p.spec.Volumes {
			m.volumes[v.Name] = volume(t, filepath.Join(l.dir, "volume-"+v.Name), *p.spec.SecurityContext.FSGroup)
		}
		name := p.spec.Containers[0].Name
		said := m.run(t, name)
		if reports, _ := filepath.Glob(filepath.Join(archive, "zk/drills/*.json")); len(reports) != map[string]int{"prune": 0, "drill": 1, "verify": 2}[name] {
			t.Errorf("the %s left %q: %s", name, reports, said)
		}
	}
	chown(t, archive, int(*l.spec.SecurityContext.RunAsUser))
}

func chown(t *testing.T, dir string, user int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chown(path, user, user)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (l *life) connect(t *testing.T) *zk.Conn {
	t.Helper()
	// A server that is just starting can drop a client's first request and keep the connection open: the library waits for ten times
	// this long before it tries again.
	conn, _, err := zk.Connect([]string{"127.0.0.1:" + l.client}, time.Second, zk.WithLogInfo(false))
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// write makes znodes and returns all that there are.
func (l *life) write(t *testing.T) map[string]string {
	t.Helper()
	conn := l.connect(t)
	defer conn.Close()
	for i := range 200 {
		path := fmt.Sprintf("/znode-%03d", i)
		if _, err := conn.Create(path, []byte(strings.Repeat(path, 10)), 0, zk.WorldACL(zk.PermAll)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := conn.Set("/znode-000", []byte("changed"), 0); err != nil {
		t.Fatal(err)
	}
	if err := conn.Delete("/znode-199", 0); err != nil {
		t.Fatal(err)
	}
	return l.read(t)
}

// read is every znode below the root, with its data and all that the server knows of it.
func (l *life) read(t *testing.T) map[string]string {
	t.Helper()
	conn := l.connect(t)
	defer conn.Close()
	names, _, err := conn.Children("/")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, name := range append(names, "zookeeper/quota", "zookeeper/config") {
		data, stat, err := conn.Get("/" + name)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all[name] = fmt.Sprintf("%s %+v", data, *stat)
	}
	return all
}
