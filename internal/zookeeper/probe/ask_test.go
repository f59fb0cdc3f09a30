package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAServerTellsItsRoleAndZxid(t *testing.T) {
	for mode, role := range map[string]Role{
		"leader": Leader, "follower": Follower, "observer": Observer, "standalone": Standalone, "read-only": ReadOnly,
	} {
		got, err := Ask(t.Context(), answering(t, map[string]string{"srvr": srvr(mode, "0xf00000002a")}), Options{})
		want := Server{Role: role, Zxid: 0xf00000002a, Version: "3.8.0", Nodes: 5, Connections: 3, Outstanding: 2}
		if diff := cmp.Diff(want, got); err != nil || diff != "" || got.Epoch() != 0xf0 {
			t.Errorf("%s: %v, epoch %d\n%s", mode, err, got.Epoch(), diff)
		}
	}
}

func TestAServerThatDoesNotServeIsLooking(t *testing.T) {
	got, err := Ask(t.Context(), answering(t, map[string]string{"srvr": notServing + "\n"}), Options{Details: true})
	if err != nil || got.Role != Looking || got.Serves() {
		t.Errorf("%+v, %v; want that it looks for a leader", got, err)
	}
}

func TestAWordThatIsNotAllowedIsAnErrorOfItsOwn(t *testing.T) {
	_, err := Ask(t.Context(), answering(t, nil), Options{})
	if !errors.Is(err, ErrNotAllowed) || !strings.Contains(err.Error(), "srvr") || !strings.Contains(err.Error(), "4lw.commands.whitelist") {
		t.Errorf("error %v, want ErrNotAllowed, the word and what to change", err)
	}
}

func TestDetailsAreWhatTheServerAllows(t *testing.T) {
	conf := "clientPort=2181\ndataDir=/d/version-2\ndataLogDir=/l/version-2\nserverId=3\nserverId=4\n"
	for _, tc := range []struct {
		name, mode, mntr, conf string
		peers                  *Peers
		config                 *Config
	}{
		{name: "nothing more", mode: "leader"},
		{name: "conf", mode: "follower", conf: conf, config: &Config{3, "/d/version-2", "/l/version-2"}},
		{name: "3.8", mode: "leader", mntr: "zk_version\t3.8.0\nzk_synced_followers\t2\nzk_synced_observers\t1\nzk_learners\t4\n", peers: &Peers{4, 2, 1}},
		{name: "3.6", mode: "leader", mntr: "zk_synced_followers\t2.0\nzk_learners\t2.0\n", peers: &Peers{2, 2, 0}},
		{name: "3.4", mode: "leader", mntr: "zk_followers\t2\nzk_synced_followers\t1\n", peers: &Peers{2, 1, 0}},
		{name: "only a leader has peers", mode: "follower", mntr: "zk_learners\t2\nzk_synced_followers\t2\n"},
		{name: "no numbers", mode: "leader", mntr: "zk_learners\t2.5\nzk_synced_followers\t-1\n", conf: "serverId=x"},
	} {
		answers := map[string]string{"srvr": srvr(tc.mode, "0x1")}
		if tc.mntr != "" {
			answers["mntr"] = tc.mntr
		}
		if tc.conf != "" {
			answers["conf"] = tc.conf
		}
		got, err := Ask(t.Context(), answering(t, answers), Options{Details: true})
		if diff := cmp.Diff(tc.peers, got.Peers) + cmp.Diff(tc.config, got.Config); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", tc.name, err, diff)
		}
	}
}

func TestWhatIsNotZooKeepersAnswerIsRefused(t *testing.T) {
	good := srvr("leader", "0x1")
	for name, answer := range map[string]string{
		"nothing":              "",
		"another protocol":     "HTTP/1.1 400 Bad Request\r\n\r\n",
		"no zxid":              strings.Replace(good, "Zxid", "Xid", 1),
		"a decimal zxid":       srvr("leader", "42"),
		"a zxid of 17 digits":  srvr("leader", "0x10000000000000000"),
		"an unknown mode":      srvr("emperor", "0x1"),
		"a negative number":    strings.Replace(good, "Node count: 5", "Node count: -5", 1),
		"a number that is not": strings.Replace(good, "Outstanding: 2", "Outstanding: \x1b[31m", 1),
		"a short answer":       good[:len(good)-20],
		"too much":             strings.Repeat("x", maxAnswer+1),
	} {
		got, err := Ask(t.Context(), answering(t, map[string]string{"srvr": answer}), Options{})
		if err == nil || got.Role != Unknown {
			t.Errorf("%s: %+v, %v; want an error", name, got, err)
		} else if len(err.Error()) > 300 || strings.ContainsAny(err.Error(), "\x1b\r\n") {
			t.Errorf("%s: the error repeats what a stranger sent: %q", name, err)
		}
	}
}

func TestAVersionIsOnlyANumber(t *testing.T) {
	for text, want := range map[string]string{
		"3.4.14-4c25d480e66aadd371de8bd2fd8da255ac140bcf, built on": "3.4.14",
		"\x1b[2J":                "",
		strings.Repeat("9", 100): strings.Repeat("9", 20),
	} {
		if got := version(text); got != want {
			t.Errorf("%q gives %q, want %q", text, got, want)
		}
	}
}

func TestAServerThatIsSilentCostsNoMoreThanTheTimeout(t *testing.T) {
	dribble := func(conn net.Conn) {
		for err := error(nil); err == nil; {
			time.Sleep(time.Millisecond) // slow on purpose
			_, err = io.WriteString(conn, "Z")
		}
	}
	for name, serve := range map[string]func(net.Conn){"says nothing": untilClosed, "dribbles": dribble} {
		began := time.Now()
		_, err := Ask(t.Context(), listen(t, serve), Options{Timeout: 50 * time.Millisecond})
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 5*time.Second {
			t.Errorf("%s: %v after %s", name, err, time.Since(began))
		}
	}
	_, err := Ask(t.Context(), listen(t, untilClosed), Options{Timeout: 50 * time.Millisecond, TLS: &tls.Config{}})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a TLS handshake without an answer: %v", err)
	}
}

func TestAnAskIsOverWhenItsContextIs(t *testing.T) {
	stopped := errors.New("stopped")
	ctx, cancel := context.WithCancelCause(t.Context())
	address := listen(t, func(conn net.Conn) { cancel(stopped); untilClosed(conn) })
	if _, err := Ask(ctx, address, Options{Timeout: time.Minute}); !errors.Is(err, stopped) {
		t.Errorf("error %v, want the context's cause", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(srvr("leader", "0x100000000"))
	f.Add("zk_learners\t2.0\nzk_synced_followers\t2\n")
	f.Add("dataDir=/d\nserverId=1\n")
	f.Fuzz(func(t *testing.T, answer string) {
		if s, err := parseServer(answer); err == nil && (s.Nodes < 0 || s.Connections < 0 || s.Outstanding < 0 || s.Role == "") {
			t.Errorf("%q is taken for %+v", answer, s)
		}
		if p := parsePeers(answer); p != nil && (p.Learners < 0 || p.SyncedFollowers < 0 || p.SyncedObservers < 0) {
			t.Errorf("%q is taken for %+v", answer, *p)
		}
		parseConfig(answer)
	})
}
