package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// Followers leave the ensemble and come back while clients write, and the leader is stopped now and then.
func TestServersThatLeaveAndJoinUnderLoadLeaveNoGap(t *testing.T) {
	o := rolling()
	o.JVM = append(o.JVM, "-Dzookeeper.skipACL=yes") // reconfiguration is for administrators
	o.Config = append(o.Config, "reconfigEnabled=true", "standaloneEnabled=false")
	f := &fleet{t: t, dir: t.TempDir()}
	f.archive = filepath.Join(f.dir, "archive")
	f.must(os.Mkdir(f.archive, 0o755))
	var members []string
	f.prepare = func() { members = f.nameClientPorts() }
	f.start(3, o)
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
