package drill

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// ErrNoServer is returned when no ZooKeeper can be found to start.
var ErrNoServer = errors.New("no ZooKeeper to start: install Java and Debian's package zookeeper, set ZOOKEEPER_HOME to an unpacked release, or give a command")

const debianJars = "/usr/share/java"

// configMark stands for the path of zoo.cfg in a command.
const configMark = "{config}"

// Command is how a server is started in the foreground: words, one of which is {config} for the path of zoo.cfg.
type Command []string

// ParseCommand splits a command line at white space; zoo.cfg comes last where no {config} says otherwise.
func ParseCommand(line string) Command {
	words := strings.Fields(line)
	if !strings.Contains(line, configMark) {
		words = append(words, configMark)
	}
	return words
}

// FindCommand finds the ZooKeeper in home, laid out like a release, or Debian's where home is empty. It fails with ErrNoServer.
func FindCommand(home string) (Command, error) {
	java, err := exec.LookPath("java")
	if err != nil {
		return nil, ErrNoServer
	}
	jars := []string{filepath.Join(home, "lib", "*"), filepath.Join(home, "*")}
	proof := filepath.Join(home, "lib", "zookeeper-[0-9]*.jar")
	if home == "" {
		jars = []string{filepath.Join(debianJars, "zookeeper.jar"), filepath.Join(debianJars, "slf4j-simple.jar")}
		proof = jars[0]
	}
	found, err := filepath.Glob(proof)
	if err == nil && len(found) == 0 && home != "" { // up to 3.4
		found, err = filepath.Glob(filepath.Join(home, "zookeeper-[0-9]*.jar"))
	}
	if err != nil || len(found) == 0 {
		return nil, ErrNoServer
	}
	return Command{
		java, "-Dzookeeper.jmx.log4j.disable=true", "-Djute.maxbuffer=67108864", "-cp", strings.Join(jars, string(os.PathListSeparator)),
		"org.apache.zookeeper.server.quorum.QuorumPeerMain", configMark,
	}, nil
}

// with is the command for one zoo.cfg.
func (c Command) with(config string) []string {
	var words []string
	for _, word := range c {
		words = append(words, strings.ReplaceAll(word, configMark, config))
	}
	return words
}
