package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/probe"
	"github.com/zkark/zkark/test/s3server"
	"github.com/zkark/zkark/test/zkserver"
)

// found is a line of zkark doctor --output json.
type found struct{ Check, Severity, Sentence, Fix string }

// patient is a healthy set-up: a real ZooKeeper, a real store with an account that may do what a sidecar needs and nothing else, and
// the command line for it. A test breaks it.
type patient struct {
	t      *testing.T
	zk     *zkserver.Server
	s3     *s3server.Server
	zkark  string
	cfg    string
	bucket string
	prefix string
	point  string // endpoint of the store
	user   string
	secret string
	more   []string
	uid    uint32
}

const shipper = "shipper"

func newPatient(t *testing.T) patient {
	release := zkserver.Require(t)
	p := patient{t: t, s3: s3server.Start(t), bucket: "backups", prefix: "healthy", user: shipper, secret: s3server.SecretKey}
	p.point = p.s3.Endpoint()
	p.s3.CreateBucket(t, p.bucket)
	rights := map[string][]string{
		shipper:   {"s3:ListBucket", "s3:GetObject", "s3:PutObject"},
		"no-list": {"s3:GetObject", "s3:PutObject"}, "no-create": {"s3:ListBucket", "s3:GetObject"}, "no-read": {"s3:ListBucket", "s3:PutObject"},
	}
	for name, actions := range rights {
		p.s3.User(t, name, p.bucket, actions...)
	}
	p.zk = zkserver.StartForTest(t, release, zkserver.Options{SeparateLogDir: true, Config: []string{"autopurge.purgeInterval=24"}})
	p.cfg = p.zk.ConfigFile()
	session, err := probe.Open(p.zk.Addr(), probe.SessionOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close() // two transactions, to have a log
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := session.Sync(ctx); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	p.zkark = filepath.Join(dir, "zkark")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(self) // a copy, because another user cannot reach the test's
	if err != nil || os.WriteFile(p.zkark, program, 0o755) != nil || os.Chmod(filepath.Dir(dir), 0o755) != nil {
		t.Fatalf("copy %s: %v", self, err)
	}
	return p
}

// examine runs zkark doctor as a person would.
func (p patient) examine() (findings []found, code int) {
	p.t.Helper()
	args := append([]string{"doctor", "--output", "json", "--zoo-cfg", p.cfg, "--archive", "s3://" + p.bucket + "/" + p.prefix,
		"--s3-endpoint", p.point, "--s3-path-style"}, p.more...)
	cmd := exec.CommandContext(p.t.Context(), p.zkark, args...)
	cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID="+p.user, "AWS_SECRET_ACCESS_KEY="+p.secret, "TMPDIR=/tmp")
	if p.uid != 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: p.uid, Gid: p.uid}}
	}
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	_ = cmd.Run() // the exit code is looked at
	for d := json.NewDecoder(&out); d.More(); {
		var f found
		if err := d.Decode(&f); err != nil {
			p.t.Fatalf("%v: %s%s", err, &out, &said)
		}
		findings = append(findings, f)
	}
	if len(findings) == 0 {
		p.t.Fatalf("no finding: exit %d, %s", cmd.ProcessState.ExitCode(), &said)
	}
	return findings, cmd.ProcessState.ExitCode()
}

// zooCfg has the server's configuration with some lines more, and others left out, in a file of its own.
func (p *patient) zooCfg(lines string, without ...string) {
	p.t.Helper()
	text, err := os.ReadFile(p.zk.ConfigFile())
	if err != nil {
		p.t.Fatal(err)
	}
	var kept []string
	for line := range strings.Lines(string(text)) {
		key, _, _ := strings.Cut(strings.TrimSpace(line), "=")
		drop := false
		for _, w := range without {
			drop = drop || w == key
		}
		if !drop {
			kept = append(kept, line)
		}
	}
	p.cfg = filepath.Join(p.t.TempDir(), "zoo.cfg")
	p.write(p.cfg, strings.Join(kept, "")+lines+"\n", 0o644)
	if err := os.Chmod(filepath.Dir(filepath.Dir(p.cfg)), 0o755); err != nil {
		p.t.Fatal(err)
	}
}

func (p patient) write(path, text string, mode os.FileMode) {
	p.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		p.t.Fatal(err)
	}
}

// elsewhere are directories of a server in which nothing is.
func (p *patient) elsewhere() (data string) {
	data = p.t.TempDir()
	p.write(filepath.Join(data, zookeeper.VersionDir, "acceptedEpoch"), "0", 0o644)
	p.zooCfg("dataDir="+data, "dataDir", "dataLogDir")
	return data
}

// holds puts an object into the store behind its back.
func (p patient) holds(key, text string) {
	p.write(filepath.Join(p.s3.Dir, p.bucket, p.prefix, key), text, 0o644)
}

// archived begins an archive with one segment that ends with record 1, at a time.
func (p patient) archived(at time.Time, encrypted bool) {
	p.holds(archive.IdentityKey, `{"format":1,"cluster":"c0ffee"}`)
	s := archive.Segment{First: 1, Last: 1, Linked: true, FirstTime: at, LastTime: at, Hash: "0123456789abcdef", Encrypted: encrypted}
	p.holds(archive.TimelinePrefix(1)+s.Key(), "x")
}

// broken is a set-up that does not work, and what zkark doctor has to say of it.
type broken struct {
	name            string
	check, severity string
	sentence, fix   string // parts of them
	breakIt         func(p *patient)
}

func brokenSetups() []broken {
	return append(brokenServers(), brokenStores()...)
}

func brokenServers() []broken {
	return []broken{
		{"zoo.cfg without dataDir", "zoo.cfg", "failure", "does not set dataDir", "that the server is started with", func(p *patient) {
			p.zooCfg("", "dataDir", "dataLogDir")
		}},
		{"a volume that is not mounted", "directories", "failure", "no such file", "mount the volume", func(p *patient) {
			p.zooCfg("dataDir=/nowhere/zookeeper", "dataDir", "dataLogDir")
		}},
		{"files of another user", "directories", "failure", "permission denied, as user nobody", "as ZooKeeper's user", func(p *patient) {
			if os.Getuid() != 0 {
				p.t.Skip("needs root, to run zkark as another user")
			}
			dir := p.elsewhere()
			p.uid = 65534
			if err := os.Chmod(filepath.Join(dir, zookeeper.VersionDir), 0o700); err != nil {
				p.t.Fatal(err)
			}
		}},
		{"an ensemble's server without myid", "myid", "failure", "myid", "server.N", func(p *patient) {
			p.zooCfg("server.1=127.0.0.1:1:2\nserver.2=127.0.0.1:3:4")
		}},
		{"another server's zoo.cfg", "writes", "failure", "writes somewhere else", "mount the same volume", func(p *patient) { p.elsewhere() }},
		{"a zoo.cfg that the server was not started with", "process", "warning", "was started with", "--zoo-cfg", func(p *patient) {
			p.zooCfg("tickTime=3000")
		}},
		{"a log among the snapshots", "directories", "failure", "wrong place", "move log.*", func(p *patient) {
			log := filepath.Join(p.zk.DataDir(), zookeeper.VersionDir, "log.5")
			p.write(log, "", 0o644)
			p.t.Cleanup(func() { os.Remove(log) })
		}},
		{"a server that is down", "zookeeper", "warning", "does not answer", "start ZooKeeper", func(p *patient) {
			p.zooCfg("clientPort=1", "clientPort")
		}},
		{"something else at the client port", "zookeeper", "failure", "no ZooKeeper answers", "see what listens there", func(p *patient) {
			p.more = []string{"--zk-server", p.s3.Address}
		}},
		{"a server with TLS only", "zookeeper", "warning", "TLS only", "--zk-tls-ca", func(p *patient) {
			p.zooCfg("secureClientPort=2281", "clientPort")
		}},
		{"no purge", "autopurge", "warning", "fill the disk", "autopurge.purgeInterval=24", func(p *patient) {
			p.zooCfg("", "autopurge.purgeInterval")
		}},
		{"digests turned off", "digests", "warning", "no digests", "remove digest.enabled=false", func(p *patient) { p.zooCfg("digest.enabled=false") }},
		{"jute.maxbuffer where it has no effect", "jute.maxbuffer", "warning", "no effect", "-Djute.maxbuffer=4194304", func(p *patient) {
			p.zooCfg("jute.maxbuffer=4194304")
		}},
		{"no room to pack a snapshot", "spool", "failure", "cannot be packed", "--spool-dir", func(p *patient) { p.more = []string{"--spool-dir", "/nowhere"} }},
		{"a port that is taken", "listen", "failure", "is taken", "another port", func(p *patient) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				p.t.Fatal(err)
			}
			p.t.Cleanup(func() { l.Close() })
			p.more = []string{"--listen", l.Addr().String()}
		}},
	}
}

func brokenStores() []broken {
	return []broken{
		{"no bucket", "store: list", "failure", "no such bucket", "create the bucket", func(p *patient) { p.bucket, p.user = "none", s3server.AccessKey }},
		{"wrong credentials", "store: list", "failure", "denies", "credentials", func(p *patient) { p.secret = "wrong" }},
		{"a store that is down", "store: list", "failure", "cannot be listed", "see that the store runs", func(p *patient) { p.point = "http://127.0.0.1:1" }},
		{"no right to list", "store: list", "failure", "denies a listing", "s3:ListBucket", func(p *patient) { p.user = "no-list" }},
		{"no right to create", "store: create", "failure", "denies creating", "s3:PutObject", func(p *patient) { p.user, p.prefix = "no-create", "fresh" }},
		{"no right to read", "store: read", "failure", "denies reading", "s3:GetObject", func(p *patient) { p.user = "no-read" }},
		{"the right to delete", "store: no delete", "warning", "may delete", "s3:DeleteObject", func(p *patient) {
			p.user, p.prefix = s3server.AccessKey, "root"
		}},
		{"pruning without the right to delete", "store: no delete", "failure", "may not delete", "zkark prune elsewhere", func(p *patient) {
			p.more = []string{"--prune-keep", "7d"}
		}},
		{"a store that overwrites", "store: no overwrite", "failure", "overwrites", "If-None-Match", func(p *patient) {
			p.user, p.prefix = s3server.AccessKey, "overwriting"
			proxy := p.s3.NewProxy(p.t)
			proxy.Inject(overwriting(p.s3.Dir))
			p.point = proxy.Endpoint()
		}},
		{"somebody else's prefix", "archive", "warning", "somebody else's objects", "prefix of its own", func(p *patient) {
			p.prefix = "photos"
			p.holds("cat.jpg", "x")
		}},
		{"another ensemble's archive", "history", "failure", "not of this server's ensemble", "an archive of its own", func(p *patient) {
			p.prefix = "other"
			p.archived(time.UnixMilli(1.6e12), false)
		}},
		{"an encrypted archive and no key", "encryption", "failure", "are encrypted", "--encrypt-to", func(p *patient) {
			p.prefix = "encrypted"
			p.archived(time.UnixMilli(1.6e12), true)
		}},
	}
}

// overwriting is a store that does not heed If-None-Match: what is there gives way first. Its bytes and what is known of it are apart.
func overwriting(buckets string) s3server.Fault {
	return func(w http.ResponseWriter, r *http.Request, server http.Handler) {
		if r.Method == http.MethodPut {
			_ = os.Remove(filepath.Join(buckets, r.URL.Path)) // it need not be there
			_ = os.RemoveAll(filepath.Join(filepath.Dir(buckets), "metadata", r.URL.Path))
		}
		server.ServeHTTP(w, r)
	}
}

func TestDoctorFindsWhatIsWrongAndNamesTheFix(t *testing.T) {
	healthy := newPatient(t)
	findings, code := healthy.examine()
	for _, f := range findings {
		if f.Severity != "ok" {
			t.Errorf("in a healthy set-up: %+v", f)
		}
	}
	if code != 0 || len(findings) < 15 {
		t.Errorf("in a healthy set-up: exit %d, %d findings", code, len(findings))
	}
	for _, b := range brokenSetups() {
		t.Run(b.name, func(t *testing.T) {
			p := healthy
			p.t = t
			b.breakIt(&p)
			findings, code := p.examine()
			fails, there := 0, false
			for _, f := range findings {
				there = there || f.Check == b.check && f.Severity == b.severity && strings.Contains(f.Sentence, b.sentence) && strings.Contains(f.Fix, b.fix)
				if f.Severity == "failure" {
					fails++
				}
				if (f.Severity == "warning" || f.Severity == "failure") && f.Fix == "" {
					t.Errorf("no fix: %+v", f)
				}
			}
			if !there {
				t.Errorf("not found; found are %+v", findings)
			}
			if (code == 1) != (fails > 0) || code > 1 {
				t.Errorf("exit %d with %d failures", code, fails)
			}
		})
	}
}
