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
	want := Config{Path: path, DataDir: dir, LogDir: "/log", Clients: []string{"10.0.0.2:2182", "127.0.0.1:2281"}, Secure: []string{"127.0.0.1:2281"}, Servers: []Server{
		{ID: 1, Address: "a:2888:3888", Clients: []string{":2181"}},
		{ID: 2, Address: "b1:2888:3888|b2:2888:3888", Clients: []string{"10.0.0.2:2182"}},
		{ID: 3, Address: "c:2888:3888", Clients: []string{"0.0.0.0:2181"}, Observer: true}}}
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
		"clientPort=2181":                                 "dataDir",
		"dataDir=d":                                       "absolute",
		"dataDir=/d\ndataLogDir=../log":                   "absolute",
		"dataDir=/d\nclientPort=http":                     "not a port",
		"dataDir=/d\nserver.one=a:1:2":                    "not a server id",
		"dataDir=/d\nserver.1=":                           "no address",
		"dataDir=/d\ndynamicConfigFile=/does/not/be":      "/does/not/be",
		"dataDir=/d\nserver.1=a:1:2;x":                    "not a client port",
		"dataDir=/d\nserver.1=a:1:2:boss":                 "neither a port nor a role",
		"dataDir=/d\nserver.1=a:1:2\nserver.01=b:1:2":     "twice",
		"dataDir=/d\nserver.1=a:1:2:observer|b:1:2":       "different roles",
		"dataDir=/d\nserver.1=a:1:2\ndynamicConfigFile=x": "does not start",
		"dataDir=/d\nkey=\\u12":                           "zoo.cfg",
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

// What ZooKeeper 3.8.0 makes of the same lines was looked up with QuorumPeerConfig.parse.
func TestServerLinesMeanWhatZooKeeperTakesThemFor(t *testing.T) {
	for _, tc := range []struct {
		name, lines     string
		voters, members int
		standalone      bool
	}{
		{"one server is standalone", "server.1=a:1:2", 1, 1, true},
		{"one server with standaloneEnabled=false is an ensemble", "standaloneEnabled=false\nserver.1=a:1:2", 1, 1, false},
		{"the role is in any case", "server.1=a:1:2:OBSERVER;2181\nserver.2=a:3:4\nserver.3=a:5:6:Participant", 2, 3, false},
		{"every address has its role", "server.1=a:1:2:participant|b:1:2:participant;1\nserver.2=b:1:2", 2, 2, false},
		{"an IPv6 address", "server.1=[::1]:1:2:participant;[::1]:2181\nserver.2=b:1:2", 2, 2, false},
		{"an empty client is none", "server.1=a:1:2;\nserver.2=a:1:2;1", 2, 2, false},
		{"carriage returns end lines", "server.1=a:1:2\r\nserver.2=b:1:2\rserver.3=c:1:2", 3, 3, false},
		{"groups and weights do not count", "group.1=1:2\nweight.1=1\nserver.1=a:1:2\nserver.2=a:1:2", 2, 2, false},
		{"a later line replaces an earlier one", "server.1=a:1:2:observer\nserver.1=a:3:4\nserver.2=a:1:2", 2, 2, false},
	} {
		c, err := Read(write(t, t.TempDir(), "zoo.cfg", "dataDir=/d\n"+tc.lines))
		if err != nil || c.Voters() != tc.voters || len(c.Servers) != tc.members || c.Standalone() != tc.standalone {
			t.Errorf("%s: %d voters of %d, standalone %v, %v", tc.name, c.Voters(), len(c.Servers), c.Standalone(), err)
		}
	}
}

func TestTheClientPortIsFoundInTheServersOwnLine(t *testing.T) {
	for spec, want := range map[string][]string{
		"server.1=a:1:2;2181\nclientPort=2181":  {"127.0.0.1:2181"},
		"server.01=a:1:2;[::]:2181":             {"127.0.0.1:2181"},
		"server.1=a:1:2;[::1]:2181":             {"[::1]:2181"},
		"server.1=a:1:2;2181;h:2281":            {"127.0.0.1:2181", "h:2281"},
		"server.2=a:1:2;2181\nserver.1=b:1:2;0": nil,
		"clientPort=+2181":                      {"127.0.0.1:2181"},
		"clientPort=0":                          nil,
	} {
		dir := t.TempDir()
		write(t, dir, "myid", "1")
		c, err := Read(write(t, dir, "zoo.cfg", "dataDir="+dir+"\n"+spec))
		if diff := cmp.Diff(want, c.Clients); err != nil || diff != "" {
			t.Errorf("%q: %v %s", spec, err, diff)
		}
	}
}

func TestTheHostIsTheFirstOneThatALineNames(t *testing.T) {
	for address, want := range map[string]string{"a:1:2": "a", "[::1]:1:2": "::1", "b1:1:2|b2:1:2": "b1", "10.0.0.1:2888:3888": "10.0.0.1", "a": "a"} {
		if got := (Server{Address: address}).Host(); got != want {
			t.Errorf("%q is on %q, want %q", address, got, want)
		}
	}
}

func TestARelativeDynamicFileIsNextToZooCfg(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "zoo.cfg.dynamic", "server.1=a:1:2;2181\nserver.2=a:3:4;2182\n")
	c, err := Read(write(t, dir, "zoo.cfg", "dataDir=/d\ndynamicConfigFile=zoo.cfg.dynamic\n"))
	if err != nil || len(c.Servers) != 2 {
		t.Errorf("%d servers, %v", len(c.Servers), err)
	}
}

func TestAValueGoesOnAfterABackslashWhateverEndsTheLine(t *testing.T) {
	for _, eol := range []string{"\n", "\r\n", "\r"} {
		c, err := Read(write(t, t.TempDir(), "zoo.cfg", "dataDir=/data/\\"+eol+"   zk"+eol+"clientPort=2181"+eol))
		if err != nil || c.DataDir != "/data/zk" || len(c.Clients) != 1 {
			t.Errorf("with %q: %q, %v, %v", eol, c.DataDir, c.Clients, err)
		}
	}
}

func TestBytesAreReadAsJavaReadsThem(t *testing.T) {
	c, err := Read(write(t, t.TempDir(), "zoo.cfg", "dataDir=/d\xe9\\u00e8\n"))
	if err != nil || c.DataDir != "/d\u00e9\u00e8" {
		t.Errorf("%q, %v", c.DataDir, err)
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
