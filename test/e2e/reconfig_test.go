package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/zkark/zkark/test/loop"
	"github.com/zkark/zkark/test/zkserver"
)

// Followers leave the ensemble and come back while clients write, and the leader is stopped now and then.
func TestServersThatLeaveAndJoinUnderLoadLeaveNoGap(t *testing.T) {
	f, members := newReconfigurableFleet(t, rolling())
	w := f.startWriters("/load", 2)
	for i := range 4 {
		f.more(w, 150)
		leader := f.leader()
		away := (leader + 1 + i%2) % 3
		conn := f.connect(f.servers[leader])
		_, err := conn.IncrementalReconfig(nil, []string{fmt.Sprint(away + 1)}, -1)
		f.must(err)
		f.more(w, 150)
		_, err = conn.IncrementalReconfig([]string{members[away]}, nil, -1)
		f.must(err)
		f.more(w, 50)
		if i%2 == 1 {
			f.must(f.servers[leader].Stop())
			f.more(w, 50)
			f.boot()
		}
	}
	f.proveArchive(f.end(w))
	f.expectNoAlarm()
}

// A server of 3.8 takes its members from its own configuration when it starts, whatever it finds in its data; the flag makes the data say
// nothing of others either.
func TestAReconfiguredEnsembleComesBackOnOtherHostsWithoutItsOldMembers(t *testing.T) {
	o := reconfigurable(zkserver.Options{JVM: []string{loop.ExtendedTypes}})
	f, members := newReconfigurableFleet(t, o)
	away := (f.leader() + 1) % 3
	conn := f.connect(f.servers[f.leader()])
	_, err := conn.IncrementalReconfig(nil, []string{fmt.Sprint(away + 1)}, -1)
	f.must(err)
	_, err = conn.IncrementalReconfig([]string{members[away]}, nil, -1)
	f.must(err)
	_, err = loop.Write(f.ctx, conn, loop.KindsOf(f.servers[0].Release(), loop.Workload{Root: "/ark", Scale: 20}))
	f.must(err)
	before := f.znodes(conn)
	f.waitArchived()
	f.stopSidecars()
	for _, s := range f.servers {
		f.must(s.Kill())
	}

	elsewhere := &fleet{t: t, ctx: f.ctx, dir: t.TempDir(), archive: f.archive}
	elsewhere.servers, err = zkserver.NewEnsemble(zkserver.Require(t), elsewhere.dir, 3, o)
	f.must(err)
	hosts := elsewhere.nameClientPorts()
	for i, s := range elsewhere.servers {
		s.EndWith(t)
		_, err := elsewhere.zkark(i).Restore(f.ctx, "--rejoin=ensemble", "--scrub-members")
		f.must(err)
	}
	elsewhere.boot()
	conn = elsewhere.connect()
	elsewhere.expectSame(f.withoutConfig(before), f.withoutConfig(elsewhere.znodes(conn)), nil)
	known, _, err := conn.Get("/zookeeper/config")
	f.must(err)
	for _, member := range append(members, hosts...) {
		address, _, _ := strings.Cut(strings.SplitN(member, "=", 2)[1], ";")
		if wanted := slices.Contains(hosts, member); strings.Contains(string(known), strings.TrimSuffix(address, ":participant")) != wanted {
			t.Errorf("the new ensemble has %s among its members is %v, want %v:\n%s", address, !wanted, wanted, known)
		}
	}
}

// newReconfigurableFleet starts three servers, which clients may reconfigure, and their sidecars, and tells how each is named in a
// reconfiguration.
func newReconfigurableFleet(t *testing.T, o zkserver.Options) (f *fleet, members []string) {
	t.Helper()
	f = &fleet{t: t, dir: t.TempDir()}
	f.archive = filepath.Join(f.dir, "archive")
	f.must(os.Mkdir(f.archive, 0o755))
	f.prepare = func() { members = f.nameClientPorts() }
	f.start(3, reconfigurable(o))
	return f, members
}

// reconfigurable lets everybody do what is for administrators.
func reconfigurable(o zkserver.Options) zkserver.Options {
	o.JVM = append(o.JVM, "-Dzookeeper.skipACL=yes")
	o.Config = append(o.Config, "reconfigEnabled=true", "standaloneEnabled=false")
	return o
}

// nameClientPorts has each server's line tell where it answers clients, as reconfiguration needs it, and returns the lines.
func (f *fleet) nameClientPorts() (members []string) {
	f.t.Helper()
	line := regexp.MustCompile(`(?m)^server\.(\d)=(127\.0\.0\.1:\d+:\d+)$`)
	fixed := regexp.MustCompile(`(?m)^clientPort.*\n`)
	for _, s := range f.servers {
		zooCfg, err := os.ReadFile(s.ConfigFile())
		f.must(err)
		members = nil
		zooCfg = line.ReplaceAllFunc(fixed.ReplaceAll(zooCfg, nil), func(server []byte) []byte {
			id := int(server[len("server.")] - '0')
			members = append(members, fmt.Sprintf("%s:participant;%s", server, f.servers[id-1].Addr()))
			return []byte(members[len(members)-1])
		})
		f.must(os.WriteFile(s.ConfigFile(), zooCfg, 0o644))
	}
	return members
}
