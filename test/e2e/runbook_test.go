package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"
	"golang.org/x/sync/errgroup"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/test/loop"
	"github.com/zkark/zkark/test/zkserver"
)

// block is a fenced block of commands in a runbook: ```sh one server, or ```sh every server.
type block struct {
	every    bool
	commands []string
}

// runbook reads the blocks of a page.
func runbook(t *testing.T, name string) (blocks []block) {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "runbooks", name))
	if err != nil {
		t.Fatal(err)
	}
	fenced := regexp.MustCompile("(?ms)^```sh (one|every) server\n(.*?)^```")
	for _, found := range fenced.FindAllSubmatch(page, -1) {
		commands := strings.Split(strings.TrimSpace(string(found[2])), "\n")
		blocks = append(blocks, block{every: string(found[1]) == "every", commands: commands})
	}
	if len(blocks) < 3 {
		t.Fatalf("%s has %d blocks", name, len(blocks))
	}
	return blocks
}

// follow runs every block, those for every server at the same time on all. The machine's own service manager is the only thing that is
// not there: the test starts and stops what it is told to.
func (f *fleet) follow(blocks []block, env ...string) {
	f.t.Helper()
	for _, b := range blocks {
		var group errgroup.Group
		for i := range f.servers {
			if i == 0 || b.every {
				group.Go(func() error { return f.run(i, b.commands, env) })
			}
		}
		f.must(group.Wait())
	}
	for i := range f.servers {
		f.ready(i)
	}
}

func (f *fleet) run(i int, commands, env []string) error {
	for _, command := range commands {
		var err error
		if words := strings.Fields(command); words[0] == "systemctl" {
			err = f.systemctl(i, words[1], words[2])
		} else {
			err = f.shell(i, command, env)
		}
		if err != nil {
			return fmt.Errorf("server %d: %s: %w", i+1, command, err)
		}
	}
	return nil
}

func (f *fleet) systemctl(i int, verb, unit string) error {
	switch verb + " " + unit {
	case "stop zookeeper":
		return f.servers[i].Stop()
	case "start zookeeper":
		return f.servers[i].Launch()
	case "stop zkark":
		return f.sidecars[i].Stop()
	case "start zkark":
		sidecar, err := f.zkark(i).StartSidecar(filepath.Join(f.dir, fmt.Sprintf("sidecar.%d.again.log", i+1)), "--sync-rate", "10")
		if err == nil {
			f.t.Cleanup(sidecar.Kill)
		}
		return err
	}
	return fmt.Errorf("nothing is known of %s %s", verb, unit)
}

func (f *fleet) shell(i int, command string, env []string) error {
	binary := os.Getenv(binaryVariable)
	cmd := exec.CommandContext(f.ctx, "sh", "-c", command)
	cmd.Env = append(os.Environ(), append(env,
		"PATH="+filepath.Dir(binary)+string(os.PathListSeparator)+os.Getenv("PATH"),
		"ZOO_CFG="+f.servers[i].ConfigFile(), "ARCHIVE=file://"+f.archive,
		"ZKARK_PEER="+strings.ReplaceAll(strings.Join(f.peers(), ","), "--peer=", ""))...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%w: %s", err, &said)
	}
	return nil
}

func TestTheRunbookForTotalLossBringsTheEnsembleBack(t *testing.T) {
	f := newFleet(t, 3, zkserver.Options{})
	for n := range 20 {
		f.create(fmt.Sprintf("/ark-%d", n))
	}
	f.waitArchived()
	before := f.znodes(f.connect())
	f.stopSidecars()
	for i := range f.servers {
		f.lose(i)
	}
	f.follow(runbook(t, "total-loss.md"))
	f.expectOnEveryServer(before, nil)
}

// Clients that have seen an epoch which the point is before are the hard case: without epochs that go forward they are refused for ever.
func TestTheRunbookForGoingBackKeepsClientsConnected(t *testing.T) {
	f := newFleet(t, 3, zkserver.Options{})
	f.create("/kept")
	point := f.committed()
	f.must(f.servers[f.leader()].Kill())
	f.create("/undone")
	f.boot()
	client := f.connect()
	session := client.SessionID()
	_, err := client.Create("/undone-too", nil, zk.FlagPersistent, zk.WorldACL(zk.PermAll))
	f.must(err)
	f.waitArchived()
	f.follow(runbook(t, "back-in-time.md"), "POINT="+point.String())
	f.waitContinues(client)
	if client.SessionID() != session {
		t.Log("the session is younger than the point, and so is another now") // what counts is that the client goes on
	}
	if !f.exists("/kept") || f.exists("/undone") || f.exists("/undone-too") {
		t.Error("the ensemble is not at the point")
	}
	f.expectNewerThan(client, point)
}

// waitContinues waits until the client that was connected all the time can work again.
func (f *fleet) waitContinues(client *zk.Conn) {
	f.t.Helper()
	end := time.Now().Add(30 * time.Second)
	for {
		if client.State() == zk.StateHasSession {
			if _, _, err := client.Exists("/kept"); err == nil {
				return
			}
		}
		if time.Now().After(end) {
			f.t.Fatalf("the client is still %v after 30 s", client.State())
		}
		select {
		case <-f.ctx.Done():
			f.t.Fatal("time is up")
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// expectNewerThan makes a transaction, whose zxid no client has seen.
func (f *fleet) expectNewerThan(client *zk.Conn, point zookeeper.Zxid) {
	f.t.Helper()
	f.must(loop.WaitSession(f.ctx, client))
	_, err := client.Create("/after", nil, zk.FlagPersistent, zk.WorldACL(zk.PermAll))
	f.must(err)
	_, stat, err := client.Exists("/after")
	f.must(err)
	if z := zookeeper.Zxid(stat.Czxid); z.Epoch() <= point.Epoch()+1 {
		f.t.Errorf("%s may have been given before", z)
	}
}
