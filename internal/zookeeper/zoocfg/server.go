package zoocfg

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/magiconair/properties"
)

// dynamicServers reads the members from the dynamic configuration file. ZooKeeper looks for a relative name in the server's
// working directory, which nobody else knows; here it is looked for next to zoo.cfg, where reconfiguration writes it.
func dynamicServers(path, dynamic string, static *properties.Properties) ([]Server, error) {
	for _, key := range static.Keys() {
		if strings.HasPrefix(key, "server.") {
			return nil, fmt.Errorf("read %s: it has both dynamicConfigFile and %s, with which ZooKeeper does not start", path, key)
		}
	}
	if !filepath.IsAbs(dynamic) {
		dynamic = filepath.Join(filepath.Dir(path), dynamic)
	}
	p, err := load(dynamic)
	if err != nil {
		return nil, err
	}
	list, err := servers(p)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", dynamic, err)
	}
	return list, nil
}

// servers reads the lines server.N=SPEC.
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
		if slices.ContainsFunc(list, func(s Server) bool { return s.ID == id }) {
			return nil, fmt.Errorf("%s: server %d is there twice", key, id)
		}
		spec, _ := p.Get(key)
		s, err := parseServer(spec)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		s.ID = id
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b Server) int { return cmp.Compare(a.ID, b.ID) })
	return list, nil
}

// parseServer reads HOST:PORT:PORT[:ROLE][|HOST:PORT:PORT[:ROLE]]...[;CLIENT[;SECURE CLIENT]] (ZooKeeper
// QuorumPeer.QuorumServer; the secure client came after 3.9).
func parseServer(spec string) (Server, error) {
	address, rest, _ := strings.Cut(spec, ";")
	if strings.TrimSpace(address) == "" {
		return Server{}, errors.New("it has no address")
	}
	var s Server
	var addresses []string
	for i, a := range strings.Split(address, "|") {
		a, observer, err := cutRole(strings.TrimSpace(a))
		if err != nil {
			return Server{}, err
		}
		if i > 0 && observer != s.Observer {
			return Server{}, errors.New("its addresses have different roles")
		}
		s.Observer = observer
		addresses = append(addresses, a)
	}
	s.Address = strings.Join(addresses, "|")
	for client := range strings.SplitSeq(rest, ";") {
		if client = strings.TrimSpace(client); client == "" {
			continue
		}
		hostport, err := parseClient(client)
		if err != nil {
			return Server{}, err
		}
		s.Clients = append(s.Clients, hostport)
	}
	return s, nil
}

// cutRole splits HOST:PORT:PORT[:ROLE]; the role is in any case of letters.
func cutRole(address string) (rest string, observer bool, err error) {
	i := strings.LastIndexByte(address, ':')
	if i < 0 {
		return "", false, fmt.Errorf("%q is not HOST:PORT:PORT", address)
	}
	switch last := strings.ToLower(address[i+1:]); last {
	case "observer":
		return address[:i], true, nil
	case "participant":
		return address[:i], false, nil
	default:
		if _, err := parsePort(last); err != nil {
			return "", false, fmt.Errorf("%q ends with neither a port nor a role", address)
		}
		return address, false, nil
	}
}

// parseClient reads PORT or HOST:PORT.
func parseClient(client string) (string, error) {
	host, port, err := net.SplitHostPort(client)
	if err != nil {
		host, port = "", client
	}
	n, err := parsePort(port)
	if err != nil {
		return "", fmt.Errorf("%q is not a client port", client)
	}
	return net.JoinHostPort(host, n), nil
}

func parsePort(s string) (string, error) {
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil || n < 0 || n > 65535 {
		return "", fmt.Errorf("%q is not a port", s)
	}
	return strconv.FormatInt(n, 10), nil
}

// setClients finds where the server answers clients, seen from its own machine: as its own server line says, and the static
// keys.
func (c *Config) setClients(p *properties.Properties) error {
	c.Clients = c.ownClients()
	for _, kind := range []string{"clientPort", "secureClientPort"} {
		value := p.GetString(kind, "")
		if value == "" {
			continue
		}
		port, err := parsePort(value)
		if err != nil {
			return fmt.Errorf("%s is %w", kind, err)
		}
		if port == "0" {
			continue
		}
		address := net.JoinHostPort(reachable(p.GetString(kind+"Address", "")), port)
		if !slices.Contains(c.Clients, address) {
			c.Clients = append(c.Clients, address)
		}
		if kind == "secureClientPort" {
			c.Secure = append(c.Secure, address)
		}
	}
	return nil
}

// ownClients is what the line of the server itself says, nothing where myid does not tell which line that is.
func (c Config) ownClients() []string {
	id, err := c.MyID()
	if err != nil {
		return nil
	}
	var list []string
	for _, s := range c.Servers {
		for _, client := range s.Clients {
			host, port, err := net.SplitHostPort(client)
			if s.ID == int64(id) && err == nil && port != "0" {
				list = append(list, net.JoinHostPort(reachable(host), port))
			}
		}
	}
	return list
}

// reachable is the address at which a server that listens on all addresses answers.
func reachable(host string) string {
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		return "127.0.0.1"
	}
	return host
}

// Host is the machine that the server's line names first, without ports and brackets.
func (s Server) Host() string {
	first, _, _ := strings.Cut(s.Address, "|")
	for range 2 { // the ports of the quorum and of elections
		if i := strings.LastIndexByte(first, ':'); i >= 0 {
			first = first[:i]
		}
	}
	return strings.Trim(first, "[]")
}
