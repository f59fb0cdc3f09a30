package zoocfg

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/magiconair/properties"
)

// Config is what a server is told about itself.
type Config struct {
	Path    string // of zoo.cfg
	DataDir string
	LogDir  string   // dataLogDir, or DataDir where that is not set
	Clients []string // HOST:PORT of the client ports, from this machine; plain and secure
	Secure  []string // those of Clients that secureClientPort names
	Servers []Server // of the ensemble, by id; none for a standalone server

	// AlwaysQuorum is standaloneEnabled=false: a server that is alone runs as an ensemble of one, with epoch files.
	AlwaysQuorum bool
	// Weighted tells that zoo.cfg has groups or weights of voters, so that not every majority of them is a quorum.
	Weighted bool
}

// Server is one member of an ensemble.
type Server struct {
	ID       int64
	Address  string   // what follows server.N=: host and ports, without the role; several are joined by |
	Clients  []string // HOST:PORT of the client ports that its line names, as written; host "" for any
	Observer bool
}

// Read reads zoo.cfg and, where it points to one, the dynamic configuration file. Unknown keys are left to ZooKeeper. Errors
// name the file.
func Read(path string) (Config, error) {
	p, err := load(path)
	if err != nil {
		return Config{}, err
	}
	c := Config{Path: path, DataDir: p.GetString("dataDir", ""), LogDir: p.GetString("dataLogDir", "")}
	if c.DataDir == "" {
		return Config{}, fmt.Errorf("read %s: it does not set dataDir", path)
	}
	if c.LogDir == "" {
		c.LogDir = c.DataDir
	}
	if !filepath.IsAbs(c.DataDir) || !filepath.IsAbs(c.LogDir) {
		return Config{}, fmt.Errorf("read %s: dataDir=%s or dataLogDir=%s is relative to the directory in which the server was started, "+
			"and only the server knows that: write absolute paths", path, c.DataDir, c.LogDir)
	}
	c.AlwaysQuorum = strings.EqualFold(p.GetString("standaloneEnabled", ""), "false")
	c.Weighted = slices.ContainsFunc(p.Keys(), func(key string) bool {
		return strings.HasPrefix(key, "group.") || strings.HasPrefix(key, "weight.")
	})
	if dynamic := p.GetString("dynamicConfigFile", ""); dynamic != "" {
		if c.Servers, err = dynamicServers(path, dynamic, p); err != nil {
			return Config{}, err
		}
	} else if c.Servers, err = servers(p); err != nil {
		return Config{}, fmt.Errorf("read %s: %w", path, err)
	}
	if err := c.setClients(p); err != nil {
		return Config{}, fmt.Errorf("read %s: %w", path, err)
	}
	return c, nil
}

// Standalone tells whether the server runs alone: with no server lines, or a single one and standaloneEnabled left at
// true (ZooKeeper QuorumPeerConfig.isDistributed).
func (c Config) Standalone() bool { return len(c.Servers) < 2 && !c.AlwaysQuorum }

// Voters is the number of servers that vote.
func (c Config) Voters() int {
	n := 0
	for _, s := range c.Servers {
		if !s.Observer {
			n++
		}
	}
	return n
}

// MyID reads dataDir/myid: the server's id in its ensemble, 0 for a standalone server without one.
func (c Config) MyID() (int, error) {
	path := filepath.Join(c.DataDir, "myid")
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && c.Standalone() {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read the server's id: %w", err)
	}
	line, _, _ := strings.Cut(string(b), "\n")
	id, err := strconv.Atoi(strings.TrimSuffix(line, "\r"))
	if err != nil || id < 0 || id > 255 {
		return 0, fmt.Errorf("read %s: %q is not a server id, a number from 0 to 255", path, line)
	}
	return id, nil
}

// load reads a file as java.util.Properties does, in ISO 8859-1; nothing is expanded.
func load(path string) (*properties.Properties, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	l := properties.Loader{Encoding: properties.ISO_8859_1, DisableExpansion: true}
	// Java ends a line at \r\n too; the parser would end a value there that a backslash continues.
	text := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(data))
	p, err := l.LoadBytes([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	for _, key := range p.Keys() {
		value, _ := p.Get(key)
		p.Set(key, strings.TrimSpace(value)) // as ZooKeeper does
	}
	return p, nil
}

// Settings are all keys of zoo.cfg with their values, as ZooKeeper reads them. What it points to is not among them.
func Settings(path string) (map[string]string, error) {
	p, err := load(path)
	if err != nil {
		return nil, err
	}
	return p.Map(), nil
}
