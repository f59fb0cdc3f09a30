package zoocfg

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
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
	Servers []Server // of the ensemble, by id; none for a standalone server
}

// Server is one member of an ensemble.
type Server struct {
	ID       int64
	Address  string // what follows server.N=, host and ports, without the role
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
	if dynamic := p.GetString("dynamicConfigFile", ""); dynamic != "" {
		d, err := load(dynamic)
		if err != nil {
			return Config{}, err
		}
		p.Merge(d)
	}
	if c.Servers, err = servers(p); err != nil {
		return Config{}, fmt.Errorf("read %s: %w", path, err)
	}
	if c.Clients, err = clients(p, c.DataDir); err != nil {
		return Config{}, fmt.Errorf("read %s: %w", path, err)
	}
	return c, nil
}

// Standalone tells whether the server runs alone: with no server lines, or a single one (ZooKeeper
// QuorumPeerConfig.isDistributed).
func (c Config) Standalone() bool { return c.Voters() < 2 && len(c.Servers) < 2 }

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

// load reads a file as java.util.Properties does, except that nothing is expanded.
func load(path string) (*properties.Properties, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	l := properties.Loader{Encoding: properties.UTF8, DisableExpansion: true}
	p, err := l.LoadBytes(data)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	for _, key := range p.Keys() {
		value, _ := p.Get(key)
		p.Set(key, strings.TrimSpace(value)) // as ZooKeeper does
	}
	return p, nil
}

// servers reads the lines server.N=HOST:PORT:PORT[:ROLE][;CLIENT], where HOST can be several addresses joined by |.
func servers(p *properties.Properties) ([]Server, error) {
	var list []Server
	for _, key := range p.Keys() {
		digits, ok := strings.CutPrefix(key, "server.")
		if !ok {
			continue
		}
		id, err := strconv.ParseInt(digits, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%s: %q is not a server id", key, digits)
		}
		value, _ := p.Get(key)
		address, _, _ := strings.Cut(value, ";")
		s := Server{ID: id, Address: strings.TrimSpace(address)}
		if s.Address == "" {
			return nil, fmt.Errorf("%s has no address", key)
		}
		s.Address, s.Observer = cutRole(s.Address)
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b Server) int { return int(a.ID - b.ID) })
	return list, nil
}

func cutRole(address string) (rest string, observer bool) {
	if rest, ok := strings.CutSuffix(address, ":observer"); ok {
		return rest, true
	}
	return strings.TrimSuffix(address, ":participant"), false
}

// clients is where the server answers clients, seen from its own machine. With a dynamic configuration the port stands
// behind the ; of the server's own line.
func clients(p *properties.Properties, dataDir string) ([]string, error) {
	var list []string
	if own := ownClient(p, dataDir); own != "" {
		list = append(list, own)
	}
	for _, kind := range []string{"clientPort", "secureClientPort"} {
		port := p.GetString(kind, "")
		if port == "" || port == "0" {
			continue
		}
		if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
			return nil, fmt.Errorf("%s is %q, not a port", kind, port)
		}
		list = append(list, net.JoinHostPort(reachable(p.GetString(kind+"Address", "")), port))
	}
	return list, nil
}

// ownClient is the client address of the line of the server itself, "" where there is none.
func ownClient(p *properties.Properties, dataDir string) string {
	id, err := os.ReadFile(filepath.Join(dataDir, "myid"))
	if err != nil {
		return ""
	}
	_, client, ok := strings.Cut(p.GetString("server."+strings.TrimSpace(string(id)), ""), ";")
	if !ok {
		return ""
	}
	client, _, _ = strings.Cut(client, ";")
	host, port, err := net.SplitHostPort(strings.TrimSpace(client))
	if err != nil {
		host, port = "", strings.TrimSpace(client)
	}
	return net.JoinHostPort(reachable(host), port)
}

// reachable is the address at which a server that listens on all addresses answers.
func reachable(host string) string {
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		return "127.0.0.1"
	}
	return host
}
