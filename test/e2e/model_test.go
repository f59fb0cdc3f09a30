package e2e

import (
	"bufio"
	_ "embed"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/go-zookeeper/zk"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/test/loop"
)

//go:embed Model.java
var modelSource []byte

// model is what a client would have been shown after each of some transactions. ZooKeeper's own code has computed it from the logs of one
// of the ensemble's servers: nothing of zkark's replay is in it.
type model struct {
	f   *fleet
	dir string // a file for each zxid
}

// newModel replays the logs of a server that is down.
func (f *fleet) newModel(server int, points []zookeeper.Zxid) model {
	f.t.Helper()
	if _, err := exec.LookPath("javac"); err != nil {
		f.t.Skip("SKIPPED, needs Java's compiler: apt-get install default-jdk-headless")
	}
	m := model{f: f, dir: filepath.Join(f.dir, "model")}
	source := filepath.Join(f.dir, "Model.java")
	f.must(os.Mkdir(m.dir, 0o755))
	f.must(os.WriteFile(source, modelSource, 0o644))
	release := f.servers[server].Release()
	args := []string{
		"-Dorg.slf4j.simpleLogger.defaultLogLevel=error", loop.ExtendedTypes, "-cp", release.ClassPath, source,
		filepath.Join(f.servers[server].LogDir(), zookeeper.VersionDir), m.dir,
	}
	for _, p := range points {
		args = append(args, p.String())
	}
	if said, err := exec.CommandContext(f.ctx, release.Java, args...).CombinedOutput(); err != nil {
		f.t.Fatalf("ZooKeeper's own replay: %v: %s", err, said)
	}
	return m
}

// at reads what Model.java wrote.
func (m model) at(zxid zookeeper.Zxid) (map[string]loop.Znode, error) {
	file, err := os.Open(filepath.Join(m.dir, zxid.String()))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	all := make(map[string]loop.Znode)
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		path, node, err := parseModelLine(lines.Text())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file.Name(), err)
		}
		all[path] = node
	}
	return all, lines.Err()
}

func parseModelLine(line string) (path string, n loop.Znode, err error) {
	fields := strings.Split(line, "\t")
	if len(fields) != 4 {
		return "", n, fmt.Errorf("%d fields in %.80q", len(fields), line)
	}
	if n.Data, err = base64.StdEncoding.DecodeString(fields[1]); err != nil {
		return "", n, err
	}
	s := &n.Stat
	if _, err = fmt.Sscan(fields[2], &s.Czxid, &s.Mzxid, &s.Ctime, &s.Mtime, &s.Version, &s.Cversion, &s.Aversion, &s.EphemeralOwner,
		&s.DataLength, &s.NumChildren, &s.Pzxid); err != nil {
		return "", n, err
	}
	for acl := range strings.SplitSeq(fields[3], ",") {
		parts := strings.Split(acl, ":")
		if len(parts) != 3 {
			return "", n, fmt.Errorf("the ACL %q", acl)
		}
		var a zk.ACL
		if _, err := fmt.Sscan(parts[0], &a.Perms); err != nil {
			return "", n, err
		}
		scheme, err := base64.StdEncoding.DecodeString(parts[1])
		if err != nil {
			return "", n, err
		}
		id, err := base64.StdEncoding.DecodeString(parts[2])
		if err != nil {
			return "", n, err
		}
		a.Scheme, a.ID = string(scheme), string(id)
		n.ACL = append(n.ACL, a)
	}
	whole, err := base64.StdEncoding.DecodeString(fields[0])
	return string(whole), n, err
}
