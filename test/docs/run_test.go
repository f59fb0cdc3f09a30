package docs

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/zkark/zkark/test/zkserver"
)

// block is a ```sh block with the ```text behind it.
type block struct{ commands, prints []string }

func blocks(t *testing.T, file string) (all []block) {
	t.Helper()
	last := ""
	for _, l := range lines(read(t, file)) {
		switch {
		case l.fence == "sh" && last != "sh":
			all = append(all, block{commands: []string{l.text}})
		case l.fence == "sh":
			all[len(all)-1].commands = append(all[len(all)-1].commands, l.text)
		case l.fence == "text" && len(all) > 0:
			all[len(all)-1].prints = append(all[len(all)-1].prints, l.text)
		}
		last = l.fence
	}
	return all
}

const blockMark = "=== block "

// script is the blocks as one, which tells where the output of each begins.
func script(all []block) string {
	var b strings.Builder
	b.WriteString("set -e\n")
	for i, block := range all {
		fmt.Fprintf(&b, "echo '%s%d'\n%s\n", blockMark, i, strings.Join(block.commands, "\n"))
	}
	return b.String()
}

// needMachine skips where the commands of Debian's ZooKeeper, or a place of its own for them, cannot be had.
func needMachine(t *testing.T) {
	t.Helper()
	if r := zkserver.Require(t); r.From != "/usr/share/java" {
		t.Skipf("SKIPPED: the pages are for Debian's ZooKeeper, and this is %s: apt-get install zookeeper", r.From)
	}
	try := exec.Command("unshare", "--mount", "--net", "--pid", "--fork", "sh", "-ec", "ip link set lo up; mount -t tmpfs none /mnt")
	if said, err := try.CombinedOutput(); err != nil {
		t.Skipf("SKIPPED: needs root, unshare and iproute2, so that nothing of the machine is touched: %v %s", err, said)
	}
}

// run runs a script on a machine of its own as far as ports, mounts and processes go, and gives what it printed.
func run(t *testing.T, text string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	home := t.TempDir()
	file := filepath.Join(home, "script")
	if err := os.WriteFile(file, []byte("ip link set lo up\n"+text), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, "unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "bash", file)
	cmd.Env = append(os.Environ(), "HOME="+home, "PATH="+zkark(t)+":/usr/sbin:"+os.Getenv("PATH"))
	cmd.Dir = home
	output, err := os.Create(filepath.Join(home, "output")) // what is left running must not hold a pipe
	if err != nil {
		t.Fatal(err)
	}
	defer output.Close()
	cmd.Stdout, cmd.Stderr = output, output
	failed := cmd.Run()
	said, err := os.ReadFile(output.Name())
	if failed != nil || err != nil {
		t.Fatalf("%v %v\n%s", failed, err, said)
	}
	return string(said)
}

// expect finds what each block is said to print.
func expect(t *testing.T, all []block, said string) {
	t.Helper()
	for i, b := range all {
		_, own, _ := strings.Cut(said, fmt.Sprintf("%s%d\n", blockMark, i))
		own, _, _ = strings.Cut(own, blockMark)
		for _, want := range b.prints {
			if !printed(own, want) {
				t.Errorf("block %d does not print %q, but\n%s", i, want, own)
			}
		}
	}
}

// printed tells whether a line of the output has the parts of what is wanted in their order.
func printed(output, want string) bool {
	for line := range strings.Lines(output) {
		found := true
		for part := range strings.SplitSeq(strings.TrimSpace(want), "…") {
			_, rest, ok := strings.Cut(line, part)
			found, line = found && ok, rest
		}
		if found {
			return true
		}
	}
	return false
}

func TestTheQuickStartForALaptopWorksWordByWord(t *testing.T) {
	needMachine(t)
	all := blocks(t, "docs/quickstart.md")
	if len(all) < 5 {
		t.Fatalf("only %d blocks", len(all))
	}
	expect(t, all, run(t, script(all)))
}

// The two commands of the README are run on a machine where ZooKeeper's directories are empty file systems in memory.
func TestTheTwoCommandsOfTheReadmeWorkWordByWord(t *testing.T) {
	needMachine(t)
	all := blocks(t, "README.md")
	if len(all) == 0 || len(all[0].commands) != 2 {
		t.Fatal("the README does not begin with two commands")
	}
	ship, restore := all[0].commands[0], all[0].commands[1]
	said := run(t, `set -e
mount -t tmpfs none /etc/zookeeper/conf
mount -t tmpfs none /var/lib/zookeeper
mount -t tmpfs none /var/backups
printf 'tickTime=2000\ndataDir=/var/lib/zookeeper\nclientPort=2181\nadmin.enableServer=false\n' > /etc/zookeeper/conf/zoo.cfg
jars=/usr/share/java
cp=$jars/zookeeper.jar:$jars/slf4j-simple.jar:$jars/netty-codec.jar:$jars/netty-resolver.jar
start() { java -cp $cp org.apache.zookeeper.server.quorum.QuorumPeerMain /etc/zookeeper/conf/zoo.cfg > log 2>&1 & server=$!; }
cli() { # again where a server that is just starting has dropped the connection
	for try in 1 2 3; do
		java -cp $cp org.apache.zookeeper.ZooKeeperMain -timeout 5000 -waitforconnection -server 127.0.0.1:2181 "$@" && return
	done
	false
}
start
`+background(ship)+`
sidecar=$!
cli create /ark 'two by two'
kill -9 $server
kill $sidecar
wait $sidecar
rm -rf /var/lib/zookeeper/version-2
`+restore+`
start
echo '=== restored'
cli get /ark
`)
	if _, after, _ := strings.Cut(said, "=== restored"); !strings.Contains(after, "two by two") {
		t.Errorf("the znode is not back:\n%s", said)
	}
}

// background is a command that runs until it is told to end, in the background.
func background(command string) string {
	before, _, _ := strings.Cut(command, "#")
	return before + " &"
}
