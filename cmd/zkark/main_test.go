package main

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) { testscript.Main(m, map[string]func(){"zkark": main}) }

// Each script is what a person sees: exit code, standard output, standard error. They find ZooKeeper's files, made by
// writeFiles, in their directory.
func TestCommandLine(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:   "testdata/script",
		Setup: func(env *testscript.Env) error { return writeFiles(env.WorkDir) },
		Cmds:  map[string]func(*testscript.TestScript, bool, []string){"zk": zk, "cut": cut},
	})
}

// zk runs zkark and wants an exit code: zk CODE ARG…
func zk(ts *testscript.TestScript, _ bool, args []string) {
	code := 0
	if err := ts.Exec("zkark", args[1:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("zkark did not run: %v", err)
		}
		code = exit.ExitCode()
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("zkark %s: exit code %d, want %s", strings.Join(args[1:], " "), code, args[0])
	}
}

// cut copies the first bytes of a file: cut FILE BYTES NEWFILE
func cut(ts *testscript.TestScript, _ bool, args []string) {
	size, err := strconv.Atoi(args[1])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(ts.ReadFile(args[0])[:size]), 0o666))
}

func TestFollowShowsWhatIsThereAndEndsWell(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) { followUntil(t, sig) })
	}
}

func followUntil(t *testing.T, sig syscall.Signal) {
	dir := t.TempDir()
	if err := writeFiles(dir); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), binary(t, dir), "inspect", "--output", "json", "--follow", filepath.Join(dir, "log.100000001"))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.Contains(line, `"zxid":"0x100000001"`) {
		t.Fatalf("first line %q, %v", line, err)
	}
	if err := cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("after %s: %v", sig, err)
	}
}

// binary is this test binary under the name by which it is zkark.
func binary(t *testing.T, dir string) string {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "zkark")
	if err := os.Symlink(self, name); err != nil {
		t.Fatal(err)
	}
	return name
}
