package probe_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zkark/zkark/internal/zookeeper/probe"
	"github.com/zkark/zkark/test/loop"
	"github.com/zkark/zkark/test/zkserver"
)

// startEnsemble starts n servers and waits until all serve.
func startEnsemble(t *testing.T, n int) ([]*zkserver.Server, []probe.Member) {
	t.Helper()
	servers, err := zkserver.NewEnsemble(zkserver.Require(t), t.TempDir(), n, zkserver.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var members []probe.Member
	for i, s := range servers {
		s.EndWith(t)
		if err := s.Launch(); err != nil {
			t.Fatal(err)
		}
		members = append(members, probe.Member{ID: int64(i + 1), Address: s.Addr()})
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, s := range servers {
		if err := s.WaitReady(ctx); err != nil {
			t.Fatal(err)
		}
	}
	return servers, members
}

func mustAsk(t *testing.T, address string, o probe.Options) probe.Server {
	t.Helper()
	s, err := probe.Ask(t.Context(), address, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// eventually asks the members until their answers are as wanted.
func eventually(t *testing.T, members []probe.Member, o probe.Options, want func(probe.Health) bool) (results []probe.Result) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		results = probe.Ensemble(t.Context(), members, o)
		if want(probe.Judge(results)) {
			return results
		}
		select {
		case <-deadline:
			t.Fatalf("the ensemble never becomes what is expected; the last answers: %+v", results)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func write(t *testing.T, path string, servers ...*zkserver.Server) {
	t.Helper()
	var addresses []string
	for _, s := range servers {
		addresses = append(addresses, s.Addr())
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	conn, err := loop.Connect(ctx, addresses...)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Create(path, nil, zk.FlagPersistent, zk.WorldACL(zk.PermAll)); err != nil {
		t.Fatal(err)
	}
}

func TestARealEnsembleShowsItsRolesAndHowFarEachIs(t *testing.T) {
	servers, members := startEnsemble(t, 3)
	write(t, "/ark", servers...)
	caughtUp := func(n int) func(probe.Health) bool {
		return func(h probe.Health) bool { return len(h.CaughtUp) == n }
	}
	results := eventually(t, members, probe.Options{Details: true, Timeout: 5 * time.Second}, caughtUp(3))
	h := probe.Judge(results)
	if !h.Quorum || h.Leader.Epoch() != 1 || h.Newest != h.Leader.Zxid || h.Newest.Counter() < 2 || len(h.Silent) > 0 {
		t.Errorf("%+v of %+v, want a quorum in epoch 1", h, results)
	}
	for _, r := range results {
		if r.ID != h.Leader.ID && (r.Role != probe.Follower || r.Peers != nil) {
			t.Errorf("server %d is %+v, want a follower", r.ID, r.Server)
		}
		if r.Config == nil || r.Config.ServerID != r.ID || filepath.Dir(r.Config.DataDir) != servers[r.ID-1].DataDir() {
			t.Errorf("server %d says of its configuration %+v", r.ID, r.Config)
		}
	}
	if p := h.Leader.Peers; p == nil || *p != (probe.Peers{Learners: 2, SyncedFollowers: 2}) {
		t.Errorf("the leader's peers are %+v", p)
	}

	leader := servers[h.Leader.ID-1]
	if err := leader.Kill(); err != nil {
		t.Fatal(err)
	}
	old := h.Leader.ID
	results = eventually(t, members, probe.Options{}, func(h probe.Health) bool { return h.Quorum })
	h = probe.Judge(results)
	if h.Leader.ID == old || h.Leader.Epoch() != 2 || len(h.Silent) != 1 || h.Silent[0] != old {
		t.Errorf("%+v, want another leader in epoch 2", h)
	}
	for _, s := range servers {
		if s != leader && s != servers[h.Leader.ID-1] {
			if err := s.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	results = eventually(t, members, probe.Options{}, func(h probe.Health) bool { return h.Leader == nil })
	for _, r := range results {
		if r.Err == nil && r.Role != probe.Looking {
			t.Errorf("server %d is %+v without a quorum, want it to look for a leader", r.ID, r.Server)
		}
	}
}

// To probe is no transaction; to hold a session is two, when it begins and when it ends, however many syncs there are.
func TestProbingIsNoTransactionAndASessionIsTwo(t *testing.T) {
	s := zkserver.StartForTest(t, zkserver.Require(t), zkserver.Options{})
	write(t, "/ark", s)
	before := mustAsk(t, s.Addr(), probe.Options{}).Zxid
	for range 20 {
		if got := mustAsk(t, s.Addr(), probe.Options{Details: true}); got.Zxid != before || got.Role != probe.Standalone {
			t.Fatalf("%+v, want a standalone server at %s", got, before)
		}
	}
	session, err := probe.Open(s.Addr(), probe.SessionOptions{Auth: "ark:noah"})
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if err := session.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := mustAsk(t, s.Addr(), probe.Options{}).Zxid; got != before+1 {
		t.Errorf("a session with 20 syncs took the server from %s to %s, want one transaction", before, got)
	}
	session.Close()
	if got := mustAsk(t, s.Addr(), probe.Options{}).Zxid; got != before+2 {
		t.Errorf("a session that is over took the server from %s to %s, want two transactions", before, got)
	}
}

func TestAfterASyncAFollowerHasWhatTheLeaderHad(t *testing.T) {
	servers, members := startEnsemble(t, 3)
	write(t, "/ark", servers...)
	h := probe.Judge(eventually(t, members, probe.Options{}, func(h probe.Health) bool { return h.Quorum }))
	follower := servers[h.Leader.ID%3]
	session, err := probe.Open(follower.Addr(), probe.SessionOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	for i := range 10 {
		write(t, fmt.Sprintf("/ark/%d", i), servers[h.Leader.ID-1])
		leader := mustAsk(t, h.Leader.Address, probe.Options{}).Zxid
		if err := session.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		if own := mustAsk(t, follower.Addr(), probe.Options{}).Zxid; own < leader {
			t.Errorf("after a sync the follower is at %s, and the leader was at %s before", own, leader)
		}
	}
}

func TestARealServerThatIsStoppedCostsTheTimeoutAndGoesOnInTheSameSession(t *testing.T) {
	s := zkserver.StartForTest(t, zkserver.Require(t), zkserver.Options{})
	session, err := probe.Open(s.Addr(), probe.SessionOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	if err := session.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := mustAsk(t, s.Addr(), probe.Options{}).Zxid
	if err := s.Pause(); err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := session.Sync(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("sync with a server that is stopped: %v", err)
	}
	if got, err := probe.Ask(t.Context(), s.Addr(), probe.Options{Timeout: 200 * time.Millisecond}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a server that is stopped answers %+v, %v", got, err)
	}
	if err := s.Resume(); err != nil {
		t.Fatal(err)
	}
	if err := session.Sync(t.Context()); err != nil {
		t.Error(err)
	}
	if got := mustAsk(t, s.Addr(), probe.Options{}).Zxid; got != before {
		t.Errorf("the session went on from %s to %s, want no transaction", before, got)
	}
}

// Since 3.5 a server allows srvr whatever its list says (ZooKeeper 3.8 FourLetterCommands).
func TestARealServerWhoseWhitelistIsEmptyTellsWhatIsNeeded(t *testing.T) {
	s := zkserver.StartForTest(t, zkserver.Require(t), zkserver.Options{Config: []string{"4lw.commands.whitelist="}})
	got := mustAsk(t, s.Addr(), probe.Options{Details: true})
	if got.Role != probe.Standalone || got.Version != s.Release().Version || got.Config != nil {
		t.Errorf("%+v, want what srvr tells and no more", got)
	}
}

func TestARealServerIsProbedOverTLS(t *testing.T) {
	certs := newCertificates(t)
	port := freePort(t)
	s := zkserver.StartForTest(t, zkserver.Require(t), zkserver.Options{Config: []string{
		"serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory",
		"secureClientPortAddress=127.0.0.1", fmt.Sprintf("secureClientPort=%d", port),
		"ssl.keyStore.location=" + certs.server, "ssl.trustStore.location=" + certs.ca, "ssl.clientAuth=need",
	}})
	address := fmt.Sprintf("127.0.0.1:%d", port)
	config := &tls.Config{RootCAs: certs.pool, Certificates: []tls.Certificate{certs.client}}
	got, err := probe.Ask(t.Context(), address, probe.Options{TLS: config, Timeout: 10 * time.Second})
	if err != nil || got.Role != probe.Standalone {
		t.Errorf("over TLS: %+v, %v", got, err)
	}
	session, err := probe.Open(address, probe.SessionOptions{TLS: config, Auth: "ark:noah"})
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	if err := session.Sync(t.Context()); err != nil {
		t.Errorf("sync over TLS: %v", err)
	}
	slow := probe.Options{Timeout: 10 * time.Second}
	if got, err := probe.Ask(t.Context(), address, slow); err == nil {
		t.Errorf("a TLS port answers %+v in clear text", got)
	}
	slow.TLS = &tls.Config{RootCAs: certs.pool}
	if got, err := probe.Ask(t.Context(), address, slow); err == nil {
		t.Errorf("a server that wants a certificate answers %+v without", got)
	}
	slow.TLS = &tls.Config{}
	var unknown *tls.CertificateVerificationError
	if _, err := probe.Ask(t.Context(), address, slow); !errors.As(err, &unknown) {
		t.Errorf("a server with a certificate of an unknown authority: %v", err)
	}
	if _, err := probe.Ask(t.Context(), s.Addr(), probe.Options{TLS: config}); err == nil {
		t.Error("a clear-text port takes TLS")
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// certificates are files for a server, in the form that ZooKeeper reads since 3.5, and a client's.
type certificates struct {
	ca, server string // PEM files
	pool       *x509.CertPool
	client     tls.Certificate
}

func newCertificates(t *testing.T) certificates {
	t.Helper()
	dir := t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "zkark test authority"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, &caKey.PublicKey, caKey)
	must(err)
	issue := func(serial int64) (cert, key []byte) {
		private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		must(err)
		template := &x509.Certificate{
			SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "ark"}, NotAfter: time.Now().Add(time.Hour),
			IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
			KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		}
		der, err := x509.CreateCertificate(rand.Reader, template, ca, &private.PublicKey, caKey)
		must(err)
		pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
		must(err)
		return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
	}
	c := certificates{ca: filepath.Join(dir, "ca.pem"), server: filepath.Join(dir, "server.pem"), pool: x509.NewCertPool()}
	caPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER})
	c.pool.AppendCertsFromPEM(caPEM)
	cert, key := issue(2)
	must(os.WriteFile(c.ca, caPEM, 0o600))
	must(os.WriteFile(c.server, append(key, cert...), 0o600))
	cert, key = issue(3)
	c.client, err = tls.X509KeyPair(cert, key)
	must(err)
	return c
}
