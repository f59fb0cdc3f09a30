package probe

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/zkark/zkark/internal/zookeeper"
)

// What servers answer instead (ZooKeeper 3.9 AbstractFourLetterCommand, NopCommand; the same since 3.4.10).
const (
	notServing = "This ZooKeeper instance is not currently serving requests"
	notAllowed = "is not executed because it is not in the whitelist."
)

func refusal(answer string) error {
	if len(answer) < 200 && strings.Contains(answer, notAllowed) {
		return fmt.Errorf("%w: add it to 4lw.commands.whitelist", ErrNotAllowed)
	}
	return nil
}

// parseServer reads the answer to srvr: lines of a name, a colon and a value.
func parseServer(answer string) (Server, error) {
	if strings.HasPrefix(answer, notServing) {
		return Server{Role: Looking}, nil
	}
	fields := split(answer, ":")
	s := Server{Role: Role(fields["Mode"]), Version: version(fields["Zookeeper version"])}
	switch s.Role {
	case Leader, Follower, Observer, Standalone, ReadOnly:
	default:
		return Server{}, fmt.Errorf("it answers %.60q, which is not ZooKeeper's answer", answer)
	}
	var err error
	if s.Zxid, err = zookeeper.ParseZxid(fields["Zxid"]); err != nil {
		return Server{}, err
	}
	var errs [3]error
	s.Connections, errs[0] = count(fields, "Connections")
	s.Outstanding, errs[1] = count(fields, "Outstanding")
	s.Nodes, errs[2] = count(fields, "Node count")
	return s, errors.Join(errs[:]...)
}

// version is the number in 3.8.0-9f5d7a7, built on …, or nothing where it is not one.
func version(text string) string {
	end := strings.IndexFunc(text, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
	if end < 0 {
		end = len(text)
	}
	const longest = 20 // characters
	return text[:min(end, longest)]
}

func count(fields map[string]string, name string) (int64, error) {
	n, err := strconv.ParseInt(fields[name], 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("its answer says %s: %.20q, which is not a number of them", name, fields[name])
	}
	return n, nil
}

// parsePeers reads the answer to mntr of a leader, lines of a name, a tab and a value (ZooKeeper 3.9 MonitorCommand). What is
// not there is 0; without any number of followers the answer is none.
func parsePeers(answer string) *Peers {
	fields := split(answer, "\t")
	learners, ok := metric(fields, "zk_learners") // 3.6 and later
	if !ok {
		learners, ok = metric(fields, "zk_followers") // up to 3.5, with the observers
	}
	synced, okSynced := metric(fields, "zk_synced_followers")
	if !ok || !okSynced {
		return nil
	}
	observers, _ := metric(fields, "zk_synced_observers")
	return &Peers{Learners: learners, SyncedFollowers: synced, SyncedObservers: observers}
}

// metric reads a number that some releases write as 2 and others as 2.0.
func metric(fields map[string]string, name string) (int64, bool) {
	whole, fraction, _ := strings.Cut(fields[name], ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	return n, err == nil && n >= 0 && strings.Trim(fraction, "0") == ""
}

// parseConfig reads the answer to conf, lines of a name, an equals sign and a value.
func parseConfig(answer string) *Config {
	fields := split(answer, "=")
	id, err := strconv.ParseInt(fields["serverId"], 10, 64)
	if err != nil || fields["dataDir"] == "" {
		return nil
	}
	return &Config{ServerID: id, DataDir: fields["dataDir"], LogDir: fields["dataLogDir"]}
}

// split reads lines of a name and a value. Of two with one name the first counts.
func split(answer, separator string) map[string]string {
	fields := map[string]string{}
	for line := range strings.Lines(answer) {
		name, value, ok := strings.Cut(line, separator)
		if _, twice := fields[name]; ok && !twice {
			fields[name] = strings.TrimSpace(value)
		}
	}
	return fields
}
