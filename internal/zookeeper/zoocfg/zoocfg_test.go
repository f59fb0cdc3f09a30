package zoocfg

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func write(t testing.TB, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAStandaloneServerKeepsLogsWithItsSnapshots(t *testing.T) {
	path := write(t, t.TempDir(), "zoo.cfg", "# comment\ntickTime=2000\ndataDir = /data/zk \nclientPort: 2181\n! another\n")
	c, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	want := Config{Path: path, DataDir: "/data/zk", LogDir: "/data/zk", Clients: []string{"127.0.0.1:2181"}}
	if diff := cmp.Diff(want, c); diff != "" || !c.Standalone() {
		t.Errorf("standalone %v\n%s", c.Standalone(), diff)
	}
}

func TestAnEnsembleIsReadFromTheDynamicFileToo(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "myid", "2\n")
	dynamic := write(t, dir, "zoo.cfg.dynamic.100000000", "server.1=a:2888:3888:participant;2181\n"+
		"server.2=b1:2888:3888|b2:2888:3888;10.0.0.2:2182\nserver.3=c:2888:3888:observer;0.0.0.0:2181\n")
	path := write(t, dir, "zoo.cfg", "dataDir="+dir+"\ndataLogDir=/log\nsecureClientPort=2281\ndynamicConfigFile="+dynamic+"\n")
	c, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	want := Config{Path: path, DataDir: dir, LogDir: "/log", Clients: []string{"10.0.0.2:2182", "127.0.0.1:2281"}, Servers: []Server{
		{ID: 1, Address: "a:2888:3888"}, {ID: 2, Address: "b1:2888:3888|b2:2888:3888"}, {ID: 3, Address: "c:2888:3888", Observer: true}}}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Error(diff)
	}
	if id, err := c.MyID(); id != 2 || err != nil || c.Voters() != 2 || c.Standalone() {
		t.Errorf("id %d, %v, %d voters, standalone %v", id, err, c.Voters(), c.Standalone())
	}
}

func TestWhatIsWrongIsNamedWithItsFile(t *testing.T) {
	dir := t.TempDir()
	for content, want := range map[string]string{
		"clientPort=2181":                            "dataDir",
		"dataDir=/d\nclientPort=http":                "not a port",
		"dataDir=/d\nserver.one=a:1:2":               "not a server id",
		"dataDir=/d\nserver.1=":                      "no address",
		"dataDir=/d\ndynamicConfigFile=/does/not/be": "/does/not/be",
		"dataDir=/d\nkey=\\u12":                      "zoo.cfg",
	} {
		path := write(t, dir, "zoo.cfg", content)
		if _, err := Read(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gives %v, want a sentence with %q", content, err, want)
		}
	}
	if _, err := Read(filepath.Join(dir, "none.cfg")); err == nil || !strings.Contains(err.Error(), "none.cfg") {
		t.Errorf("a missing file gives %v", err)
	}
	write(t, dir, "myid", "2 \n")
	if _, err := (Config{DataDir: dir}).MyID(); err == nil {
		t.Error("a myid that ZooKeeper refuses is accepted")
	}
}

func FuzzRead(f *testing.F) {
	f.Add("dataDir=/d\nclientPort=2181\nserver.1=a:1:2;3\n")
	f.Add("a\\\n b=${c}\nc=${a}")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, content string) {
		if strings.Contains(content, "dynamicConfigFile") {
			return // it would name files of this machine
		}
		c, err := Read(write(t, dir, "zoo.cfg", content))
		if err == nil && c.DataDir == "" {
			t.Error("a configuration without dataDir is accepted")
		}
	})
}
