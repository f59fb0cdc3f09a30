package cli

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/zkark/zkark/internal/zookeeper/probe"
	"github.com/zkark/zkark/internal/zookeeper/zoocfg"
	"github.com/zkark/zkark/sidecar"
)

// zooKeeperFlags say how ZooKeeper is asked how it is.
type zooKeeperFlags struct {
	server        string
	sync          bool
	ca, cert, key string // PEM files
	auth          string // a file
}

func (f *zooKeeperFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.server, "zk-server", "", "`HOST:PORT` at which the server answers clients (default its client port in zoo.cfg)")
	flags.BoolVar(&f.sync, "zk-sync", false, "hold a session with the server and ask it for a sync on each turn: starting and ending are a transaction each")
	f.addIdentity(cmd, "the digest identity of the session of --zk-sync")
}

// addIdentity adds the flags that say who zkark is to ZooKeeper.
func (f *zooKeeperFlags) addIdentity(cmd *cobra.Command, use string) {
	flags := cmd.Flags()
	flags.StringVar(&f.ca, "zk-tls-ca", "", "PEM `FILE` of the authorities that ZooKeeper's certificate may be of; any --zk-tls flag means TLS")
	flags.StringVar(&f.cert, "zk-tls-cert", "", "PEM `FILE` of the certificate to show to ZooKeeper")
	flags.StringVar(&f.key, "zk-tls-key", "", "PEM `FILE` of the certificate's private key")
	flags.StringVar(&f.auth, "zk-auth-file", "", "`FILE` with USER:PASSWORD, "+use)
}

// prober makes what asks the servers of a configuration; nil when no address is known at which to ask.
func (f zooKeeperFlags) prober(s *session, cfg zoocfg.Config, id int) (sidecar.Prober, error) {
	config, err := f.tls()
	if err != nil {
		return nil, err
	}
	auth, err := f.readAuth()
	if err != nil {
		return nil, err
	}
	own, err := f.address(cfg)
	switch {
	case err != nil:
		return nil, err
	case own == "" && f.sync:
		return nil, usageError("--zk-sync: %s names no client port of this server: say where it answers with --zk-server", cfg.Path)
	case own == "":
		s.log.Warn("ZooKeeper is not asked how it is: no client port of this server is known; name it with --zk-server", "zooCfg", cfg.Path)
		return nil, nil
	}
	return &prober{
		self: int64(id), own: own, servers: newEnsemble(cfg, time.Now, s.log), options: probe.Options{TLS: config},
		holds: f.sync, identity: probe.SessionOptions{TLS: config, Auth: auth, Log: s.log},
	}, nil
}

// address is where the sidecar's own server is asked.
func (f zooKeeperFlags) address(cfg zoocfg.Config) (string, error) {
	if f.server != "" {
		if _, _, err := net.SplitHostPort(f.server); err != nil {
			return "", usageError("--zk-server %q: want HOST:PORT", f.server)
		}
		return f.server, nil
	}
	secure := map[string]bool{}
	for _, address := range cfg.Secure {
		secure[address] = true
	}
	for _, address := range cfg.Clients {
		if secure[address] == f.wantsTLS() {
			return address, nil
		}
	}
	return "", nil
}

func (f zooKeeperFlags) wantsTLS() bool { return f.ca != "" || f.cert != "" || f.key != "" }

func (f zooKeeperFlags) tls() (*tls.Config, error) {
	if !f.wantsTLS() {
		return nil, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if f.ca != "" {
		pem, err := os.ReadFile(f.ca)
		if err != nil {
			return nil, usageError("--zk-tls-ca: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, usageError("--zk-tls-ca: %s holds no certificate in PEM form", f.ca)
		}
	}
	if (f.cert == "") != (f.key == "") {
		return nil, usageError("--zk-tls-cert and --zk-tls-key: one is of no use without the other")
	}
	if f.cert != "" {
		pair, err := tls.LoadX509KeyPair(f.cert, f.key)
		if err != nil {
			return nil, usageError("--zk-tls-cert and --zk-tls-key: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// readAuth reads USER:PASSWORD. No message repeats any of it.
func (f zooKeeperFlags) readAuth() (string, error) {
	if f.auth == "" {
		return "", nil
	}
	if !f.sync {
		return "", usageError("--zk-auth-file is for the session of --zk-sync: without it ZooKeeper asks nobody who they are")
	}
	data, err := os.ReadFile(f.auth)
	if err != nil {
		return "", usageError("--zk-auth-file: %w", err)
	}
	line := strings.TrimRight(string(data), "\r\n")
	user, password, ok := strings.Cut(line, ":")
	if !ok || user == "" || password == "" || strings.ContainsAny(line, "\r\n") {
		return "", usageError("--zk-auth-file: want one line with USER:PASSWORD in %s", f.auth)
	}
	return line, nil
}

// prober asks the servers that the configuration names. It remembers who leads, so that most of the time two are asked.
type prober struct {
	self    int64
	own     string // address
	servers *ensemble
	options probe.Options

	holds    bool // a session with the own server, from the first question on
	identity probe.SessionOptions
	session  *probe.Session

	leads  bool // the own server did when it was last asked
	found  bool // another did, and leader is its id
	leader int64
}

// syncWithin leaves time for the own server to be asked after a sync that fails.
const syncWithin = time.Second

// Probe asks the leader first, then for a sync, then the own server: that one is not behind what the leader said, if all is well.
func (p *prober) Probe(ctx context.Context, everyone bool) sidecar.Seen {
	cfg := p.servers.config()
	seen := sidecar.Seen{Time: time.Now(), Members: p.members(cfg)}
	seen.Others = probe.Ensemble(ctx, p.toAsk(seen.Members, everyone), p.options)
	var errs [2]error
	if p.holds {
		errs[0] = p.sync(ctx)
		seen.Synced = errs[0] == nil
	}
	options := p.options
	options.Details = everyone
	seen.Own, errs[1] = probe.Ask(ctx, p.own, options)
	seen.Err = errors.Join(errs[:]...)
	own := probe.Result{Member: probe.Member{ID: p.self, Address: p.own}, Server: seen.Own, Err: errs[1]}
	seen.Leader = probe.Judge(append([]probe.Result{own}, seen.Others...)).Leader
	p.leads = seen.Leader != nil && seen.Leader.ID == p.self
	p.found = seen.Leader != nil && !p.leads
	if p.found {
		p.leader = seen.Leader.ID
	}
	return seen
}

func (p *prober) sync(ctx context.Context) (err error) {
	if p.session == nil {
		if p.session, err = probe.Open(p.own, p.identity); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, syncWithin)
	defer cancel()
	return p.session.Sync(ctx)
}

// Close ends the session, if there is one.
func (p *prober) Close() {
	if p.session != nil {
		p.session.Close()
	}
}

// toAsk is all others while it is not known who leads, else the leader alone.
func (p *prober) toAsk(members []probe.Member, everyone bool) []probe.Member {
	var ask []probe.Member
	for _, m := range members {
		known := p.leads || p.found && m.ID != p.leader
		if m.ID != p.self && m.Address != "" && (everyone || !known) {
			ask = append(ask, m)
		}
	}
	return ask
}

// members are the servers of a configuration with the addresses at which they answer clients, as far as those can be told. Where a
// server's line names no client port, or TLS is asked for, it is taken to have the port of the own server.
func (p *prober) members(cfg zoocfg.Config) []probe.Member {
	if cfg.Standalone() {
		return nil
	}
	_, port, _ := net.SplitHostPort(p.own) // its form has been checked
	var members []probe.Member
	for _, s := range cfg.Servers {
		m := probe.Member{ID: s.ID, Observer: s.Observer, Address: net.JoinHostPort(s.Host(), port)}
		if len(s.Clients) > 0 && p.options.TLS == nil {
			m.Address = clientAddress(s)
		}
		switch {
		case s.ID == p.self:
			m.Address = p.own
		case m.Address == p.own: // servers on one machine, whose ports the lines do not tell
			m.Address = ""
		}
		members = append(members, m)
	}
	return members
}

// clientAddress is where a server answers clients by its own line.
func clientAddress(s zoocfg.Server) string {
	host, port, err := net.SplitHostPort(s.Clients[0])
	if err != nil || port == "0" {
		return ""
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = s.Host()
	}
	return net.JoinHostPort(host, port)
}
