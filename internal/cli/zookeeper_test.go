package cli

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zkark/zkark/internal/zookeeper/probe"
	"github.com/zkark/zkark/internal/zookeeper/zoocfg"
	"github.com/zkark/zkark/sidecar"
	"github.com/zkark/zkark/test/zkserver"
)

func TestFlagsThatSayHowToAskZooKeeperAreChecked(t *testing.T) {
	dir := t.TempDir()
	put := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	none := filepath.Join(dir, "none")
	for name, tc := range map[string]struct {
		flags zooKeeperFlags
		want  string
	}{
		"an address without a port":   {zooKeeperFlags{server: "zk1"}, "HOST:PORT"},
		"no authorities":              {zooKeeperFlags{ca: none}, "none"},
		"authorities that are none":   {zooKeeperFlags{ca: put("ca", "x")}, "PEM"},
		"a certificate without a key": {zooKeeperFlags{cert: put("cert", "x")}, "--zk-tls-key"},
		"a key without a certificate": {zooKeeperFlags{key: put("key", "x")}, "--zk-tls-cert"},
		"a certificate that is none":  {zooKeeperFlags{cert: put("cert", "x"), key: put("key", "x")}, "--zk-tls-cert"},
		"an identity for nobody":      {zooKeeperFlags{auth: put("auth", "a:b")}, "--zk-sync"},
		"an identity that is not":     {zooKeeperFlags{auth: none, sync: true}, "none"},
		"an identity without a name":  {zooKeeperFlags{auth: put("auth2", ":secret"), sync: true}, "USER:PASSWORD"},
		"two identities":              {zooKeeperFlags{auth: put("auth3", "a:secret\nb:secret\n"), sync: true}, "USER:PASSWORD"},
		"a session with nobody":       {zooKeeperFlags{sync: true}, "--zk-server"},
	} {
		_, err := tc.flags.prober(&session{log: slog.New(slog.DiscardHandler)}, zoocfg.Config{Path: "zoo.cfg"}, 1)
		if err == nil || !strings.Contains(err.Error(), tc.want) || kindOf(err) != exitUsage {
			t.Errorf("%s: %v, want a usage error with %q", name, err, tc.want)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the message tells the secret: %v", name, err)
		}
	}
}

func TestTheOwnServerIsAskedAtThePortThatSpeaksAsTheFlagsDo(t *testing.T) {
	cfg := zoocfg.Config{Clients: []string{"127.0.0.1:2281", "127.0.0.1:2181"}, Secure: []string{"127.0.0.1:2281"}}
	for name, tc := range map[string]struct {
		flags zooKeeperFlags
		want  string
	}{
		"clear text": {zooKeeperFlags{}, "127.0.0.1:2181"},
		"TLS":        {zooKeeperFlags{ca: "ca.pem"}, "127.0.0.1:2281"},
		"a given":    {zooKeeperFlags{server: "zk1:1", ca: "ca.pem"}, "zk1:1"},
	} {
		if got, err := tc.flags.address(cfg); got != tc.want || err != nil {
			t.Errorf("%s: %q, %v; want %q", name, got, err, tc.want)
		}
	}
	p, err := zooKeeperFlags{}.prober(&session{log: slog.New(slog.DiscardHandler)}, zoocfg.Config{}, 0)
	if p != nil || err != nil {
		t.Errorf("without a port to ask at: %v, %v; want nothing that asks", p, err)
	}
}

func TestMembersAreAskedWhereTheirLinesSay(t *testing.T) {
	cfg := zoocfg.Config{Servers: []zoocfg.Server{
		{ID: 1, Address: "a:1:2", Clients: []string{":2181"}},
		{ID: 2, Address: "b:1:2", Clients: []string{"0.0.0.0:2182"}},
		{ID: 3, Address: "c:1:2", Clients: []string{"10.0.0.3:2183"}, Observer: true},
		{ID: 4, Address: "[::1]:1:2|d:1:2"},
		{ID: 5, Address: "e:1:2", Clients: []string{":0"}},
	}}
	p := prober{self: 1, own: "127.0.0.1:2181"}
	want := []probe.Member{{ID: 1, Address: "127.0.0.1:2181"}, {ID: 2, Address: "b:2182"}, {ID: 3, Address: "10.0.0.3:2183", Observer: true},
		{ID: 4, Address: "[::1]:2181"}, {ID: 5}}
	if diff := cmp.Diff(want, p.members(cfg)); diff != "" {
		t.Error(diff)
	}
	one := zoocfg.Config{Servers: []zoocfg.Server{{ID: 1, Address: "127.0.0.1:1:2"}, {ID: 2, Address: "127.0.0.1:3:4"}}}
	want = []probe.Member{{ID: 1, Address: "127.0.0.1:2181"}, {ID: 2}}
	if diff := cmp.Diff(want, p.members(one)); diff != "" {
		t.Errorf("servers on one machine whose lines tell no client port:\n%s", diff)
	}
	if got := p.members(zoocfg.Config{}); got != nil {
		t.Errorf("a standalone server has the members %+v", got)
	}
}

func TestOnlyTheLeaderIsAskedOnceItIsKnown(t *testing.T) {
	members := []probe.Member{{ID: 1, Address: "a"}, {ID: 2, Address: "b"}, {ID: 3, Address: "c"}, {ID: 4}}
	for name, tc := range map[string]struct {
		p        prober
		everyone bool
		want     []int64
	}{
		"nobody is known to lead": {prober{self: 1}, false, []int64{2, 3}},
		"another leads":           {prober{self: 1, found: true, leader: 3}, false, []int64{3}},
		"the own server leads":    {prober{self: 1, leads: true}, false, nil},
		"everyone":                {prober{self: 1, leads: true}, true, []int64{2, 3}},
	} {
		var got []int64
		for _, m := range tc.p.toAsk(members, tc.everyone) {
			got = append(got, m.ID)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

func TestAProberFindsTheLeaderOfARealEnsembleAndTheNextOne(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	servers, cfg := launchEnsemble(ctx, t)
	auth := filepath.Join(t.TempDir(), "auth")
	if err := os.WriteFile(auth, []byte("ark:noah\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	self := 0 // a follower
	for {
		if status, err := servers[self].Status(ctx); err != nil {
			t.Fatal(err)
		} else if status.Mode == "follower" {
			break
		}
		self++
	}
	p, err := zooKeeperFlags{server: servers[self].Addr(), sync: true, auth: auth}.prober(&session{log: slog.New(slog.DiscardHandler)}, cfg, self+1)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	settled := func(s sidecar.Seen) bool {
		behind, known := s.Behind()
		return s.Err == nil && s.Synced && s.Own.Serves() && s.Leader != nil && known && behind == 0
	}
	seen := probeUntil(ctx, t, p, settled)
	if seen.Own.Role != probe.Follower || len(seen.Others) > 2 || len(seen.Members) != 3 {
		t.Errorf("%+v, want what a follower sees", seen)
	}
	if seen = p.Probe(ctx, false); len(seen.Others) != 1 || seen.Others[0].ID != seen.Leader.ID {
		t.Errorf("%+v were asked, want the leader alone", seen.Others)
	}
	if seen = p.Probe(ctx, true); len(seen.Others) != 2 || seen.Own.Config == nil {
		t.Errorf("%+v were asked, want everyone", seen.Others)
	}
	old := seen.Leader.ID
	if err := servers[old-1].Kill(); err != nil {
		t.Fatal(err)
	}
	seen = probeUntil(ctx, t, p, func(s sidecar.Seen) bool { return s.Synced && s.Leader != nil && s.Leader.ID != old })
	if seen.Leader.Zxid.Epoch() != 2 {
		t.Errorf("%+v leads, want a leader in epoch 2", seen.Leader)
	}
}

func launchEnsemble(ctx context.Context, t *testing.T) ([]*zkserver.Server, zoocfg.Config) {
	t.Helper()
	servers, err := zkserver.NewEnsemble(zkserver.Require(t), t.TempDir(), 3, zkserver.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var cfg zoocfg.Config
	for i, s := range servers {
		s.EndWith(t)
		if err := s.Launch(); err != nil {
			t.Fatal(err)
		}
		cfg.Servers = append(cfg.Servers, zoocfg.Server{ID: int64(i + 1), Address: "127.0.0.1:1:2", Clients: []string{s.Addr()}})
	}
	for _, s := range servers {
		if err := s.WaitReady(ctx); err != nil {
			t.Fatal(err)
		}
	}
	return servers, cfg
}

func probeUntil(ctx context.Context, t *testing.T, p sidecar.Prober, ok func(sidecar.Seen) bool) sidecar.Seen {
	t.Helper()
	for {
		seen := p.Probe(ctx, false)
		if ok(seen) {
			return seen
		}
		select {
		case <-ctx.Done():
			t.Fatalf("never happens; the last that was seen is %+v", seen)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
