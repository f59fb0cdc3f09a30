package doctor

import (
	"bufio"
	"context"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/zkark/zkark/internal/zookeeper/zoocfg"
)

// process is a running server as the kernel tells of it.
type process struct {
	pid  string
	args []string // the command line
	cfg  string   // the configuration file on it, as this process reaches it; empty where none is
}

func (e *examination) checkProcess(context.Context) []Finding {
	p, found := findServer(e.Proc, e.cfg.Clients)
	if !found {
		return nil // another user's, in another container, or not running: nothing can be said
	}
	e.jvm = p.args
	settings, err := zoocfg.Settings(p.cfg) // a copy, as in another container, is as good
	return judgeProcess(p, e.ZooCfg, sameFile(p.cfg, e.ZooCfg) || err == nil && maps.Equal(settings, e.settings))
}

func judgeProcess(p process, zooCfg string, same bool) []Finding {
	if p.cfg != "" && !same {
		return []Finding{warning("process %s serves the client port, and was started with %s, which says something else than %s", p.pid, p.cfg, zooCfg).
			by("give --zoo-cfg the file that the server was started with")}
	}
	return []Finding{ok("process %s serves the client port", p.pid)}
}

func sameFile(a, b string) bool {
	left, errA := os.Stat(a)
	right, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(left, right)
}

// findServer finds the process that listens on one of the addresses' ports, as far as this user may see it.
func findServer(proc string, addresses []string) (process, bool) {
	sockets := listeners(proc, addresses)
	if len(sockets) == 0 {
		return process{}, false
	}
	links, _ := filepath.Glob(filepath.Join(proc, "[0-9]*", "fd", "*"))
	for _, link := range links {
		if to, err := os.Readlink(link); err == nil && slices.Contains(sockets, to) {
			return readProcess(proc, filepath.Base(filepath.Dir(filepath.Dir(link))))
		}
	}
	return process{}, false
}

// listeners are the sockets that listen on the ports, as links of file descriptors name them.
func listeners(proc string, addresses []string) (sockets []string) {
	var ports []string
	for _, address := range addresses {
		if _, port, err := net.SplitHostPort(address); err == nil {
			n, _ := strconv.Atoi(port)
			ports = append(ports, fmt.Sprintf("%04X", n))
		}
	}
	for _, table := range []string{"tcp", "tcp6"} {
		f, err := os.Open(filepath.Join(proc, "net", table))
		if err != nil {
			continue
		}
		for lines := bufio.NewScanner(f); lines.Scan(); {
			const local, state, inode, listening = 1, 3, 9, "0A" // proc_pid_net(5)
			fields := strings.Fields(lines.Text())
			if len(fields) <= inode || fields[state] != listening {
				continue
			}
			if _, port, _ := strings.Cut(fields[local], ":"); slices.Contains(ports, port) {
				sockets = append(sockets, "socket:["+fields[inode]+"]")
			}
		}
		f.Close()
	}
	return sockets
}

func readProcess(proc, pid string) (process, bool) {
	line, err := os.ReadFile(filepath.Join(proc, pid, "cmdline"))
	if err != nil {
		return process{}, false
	}
	p := process{pid: pid, args: strings.Split(strings.TrimRight(string(line), "\x00"), "\x00")}
	const class = "org.apache.zookeeper.server." // QuorumPeerMain, or ZooKeeperServerMain
	for i, arg := range p.args {
		if strings.HasPrefix(arg, class) && i+1 < len(p.args) && filepath.IsAbs(p.args[i+1]) {
			p.cfg = filepath.Join(proc, pid, "root", p.args[i+1]) // in a container the server sees other mounts
			if _, err := os.Stat(p.cfg); err != nil {
				p.cfg = "" // and they may not be seen from here
			}
		}
	}
	return p, true
}
