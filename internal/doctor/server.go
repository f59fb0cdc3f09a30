package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/zkark/zkark/internal/zookeeper/probe"
	"github.com/zkark/zkark/internal/zookeeper/zoocfg"
)

// askWithin is longer than the sidecar waits: here somebody wants to know why.
const askWithin = 3 * time.Second

// answer is what came of asking the server.
type answer struct {
	address string
	tls     bool
	server  probe.Server
	err     error
}

func (e *examination) askServer(ctx context.Context) []Finding {
	address, t, err := e.Server(e.cfg)
	if err != nil {
		return []Finding{failure("%v", err).by("correct the flag")}
	}
	if address == "" {
		return judgeNoAddress(e.cfg, t)
	}
	a := answer{address: address, tls: t != nil}
	a.server, a.err = probe.Ask(ctx, address, probe.Options{Timeout: askWithin, TLS: t, Details: true})
	if a.err == nil {
		e.server = &a.server
	}
	return judgeAnswer(e.cfg, e.settings, a)
}

func judgeNoAddress(cfg zoocfg.Config, t *tls.Config) []Finding {
	if t == nil && len(cfg.Secure) > 0 {
		return []Finding{warning("ZooKeeper answers with TLS only, at %s, and no --zk-tls-ca says whom to trust: it is not asked how it is", cfg.Secure[0]).
			by("give --zk-tls-ca FILE, and --zk-tls-cert and --zk-tls-key where ssl.clientAuth is need")}
	}
	return []Finding{warning("%s names no client port of this server, so that it is not asked how it is", cfg.Path).by("give --zk-server HOST:PORT")}
}

func judgeAnswer(cfg zoocfg.Config, settings map[string]string, a answer) []Finding {
	var untrusted *tls.CertificateVerificationError
	var operation *net.OpError
	switch {
	case errors.Is(a.err, probe.ErrNotAllowed):
		return []Finding{warning("ZooKeeper does not allow the four-letter word srvr: lag in its own terms is not measured").
			by("set 4lw.commands.whitelist=srvr, mntr, conf in zoo.cfg, and restart ZooKeeper")}
	case errors.As(a.err, &untrusted):
		return []Finding{failure("ZooKeeper's certificate is not trusted: %s", oneLine(a.err)).by("give --zk-tls-ca the authority that signed it, and --zk-server a name that it is for")}
	case a.err != nil && errors.As(a.err, &operation) && operation.Op == "dial":
		return []Finding{warning("ZooKeeper does not answer at %s: %s", a.address, oneLine(a.err)).
			by("start ZooKeeper, then ask again; or name another address with --zk-server. The sidecar can start first")}
	case a.err != nil && a.tls:
		return []Finding{failure("ZooKeeper does not answer at %s: %s", a.address, oneLine(a.err)).
			by("give --zk-server the secureClientPort, and --zk-tls-cert and --zk-tls-key where ssl.clientAuth is need")}
	case a.err != nil:
		return []Finding{failure("no ZooKeeper answers at %s: %s", a.address, oneLine(a.err)).
			by("see what listens there; give --zk-server the client port, and --zk-tls-ca when it is the secure one")}
	}
	return append(judgeServer(a.server), judgeWords(settings)...)
}

func judgeServer(s probe.Server) []Finding {
	if s.Role == probe.Looking {
		return []Finding{warning("ZooKeeper answers, but does not serve: it starts, or there is no quorum").by("see its log; start the other servers")}
	}
	if s.Role == probe.ReadOnly {
		return []Finding{warning("ZooKeeper is read-only: it has lost the quorum").by("start the other servers")}
	}
	said := []Finding{ok("ZooKeeper %s answers as %s, at %s", s.Version, s.Role, s.Zxid)}
	if v := s.Version; strings.HasPrefix(v, "3.4.") || strings.HasPrefix(v, "3.5.") {
		said = append(said, note("ZooKeeper %s records no digests; from 3.6 on restores are proven against them", v))
	}
	return said
}

// judgeWords looks for the words that add details to the servers' reports. 3.4 has no whitelist unless it is set.
func judgeWords(settings map[string]string) []Finding {
	words := strings.FieldsFunc(settings["4lw.commands.whitelist"], func(r rune) bool { return r == ',' || r == ' ' })
	if slices.Contains(words, "*") || slices.Contains(words, "mntr") && slices.Contains(words, "conf") {
		return []Finding{ok("4lw.commands.whitelist allows srvr, mntr and conf")}
	}
	return []Finding{note("4lw.commands.whitelist does not name mntr and conf: the servers' reports lack a leader's followers").
		by("set 4lw.commands.whitelist=srvr, mntr, conf in zoo.cfg")}
}

// checkWrites proves from zxids that the server writes where zkark reads. The server was asked before the files were read again.
func (e *examination) checkWrites(ctx context.Context) []Finding {
	if e.server == nil || !e.server.Serves() {
		return nil // which was told
	}
	d, err := readData(ctx, e.cfg)
	if err != nil && !errors.Is(err, errNoVersion) {
		return []Finding{failure("%v", err).by("see whether the disk is sound")}
	}
	return judgeWrites(e.cfg, *e.server, d)
}

func judgeWrites(cfg zoocfg.Config, s probe.Server, d data) []Finding {
	newest, fix := d.newest(), "give --zoo-cfg the file that the running server was started with; in containers, mount the same volume at the same path"
	switch told := s.Config; {
	case s.Zxid > newest && s.Zxid.Counter() > 0:
		return []Finding{failure("ZooKeeper is at %s, but what is in %s ends at %s: it writes somewhere else", s.Zxid, version(cfg.LogDir), newest).by("%s", fix)}
	case newest.Epoch() > s.Zxid.Epoch()+1 || newest.Epoch() == s.Zxid.Epoch() && newest > s.Zxid+farAhead:
		return []Finding{failure("ZooKeeper is at %s, but what is in %s goes on to %s: these are another server's files", s.Zxid, version(cfg.LogDir), newest).by("%s", fix)}
	case told != nil && told.LogDir != "" && told.LogDir != version(cfg.LogDir):
		return []Finding{note("ZooKeeper calls its log directory %s and zkark %s: the same place by another name, since its transactions are there", told.LogDir, version(cfg.LogDir))}
	}
	return []Finding{ok("ZooKeeper's newest transaction, %s, is in its directories", s.Zxid)}
}

// farAhead is how many transactions a server may log between its answer and the look at its files.
const farAhead = 1 << 20
