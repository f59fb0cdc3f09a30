package packaging

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const nfpm = ".cache/bin/nfpm-v2.43.4"

// build makes a package, with a script in place of the binary: what is tested here is the package.
func build(t *testing.T, kind string) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	tool := filepath.Join(root, nfpm)
	if _, err := os.Stat(tool); err != nil {
		t.Skipf("SKIPPED: needs %s: make packages", nfpm)
	}
	binary := filepath.Join(t.TempDir(), "zkark")
	write(t, binary, "#!/bin/sh\necho zkark\n")
	share := t.TempDir()
	generate := exec.Command("go", "run", "./deploy/packages/share", share)
	generate.Dir = root
	if said, err := generate.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	file := filepath.Join(t.TempDir(), "zkark."+kind)
	cmd := exec.Command(tool, "package", "--config", "deploy/packages/nfpm.yaml", "--packager", kind, "--target", file)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "ARCH=amd64", "VERSION=1.2.3", "ZKARK_BINARY="+binary, "ZKARK_SHARE="+share)
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	return file
}

// promised is what both packages bring. README and docs come as they are.
func promised() []string {
	return []string{
		"/usr/bin/zkark",
		"/usr/lib/systemd/system/zkark.service",
		"/usr/lib/systemd/system/zkark-prune.service",
		"/usr/lib/systemd/system/zkark-prune.timer",
		"/usr/lib/systemd/system/zkark-drill.service",
		"/usr/lib/systemd/system/zkark-drill.timer",
		"/usr/lib/systemd/system/zkark-verify.service",
		"/usr/lib/systemd/system/zkark-verify.timer",
		"/usr/lib/sysusers.d/zkark.conf",
		"/usr/share/man/man1/zkark.1",
		"/usr/share/man/man1/zkark-restore.1",
		"/usr/share/bash-completion/completions/zkark",
		"/usr/share/zsh/vendor-completions/_zkark",
		"/usr/share/fish/vendor_completions.d/zkark.fish",
		"/etc/zkark/zkark.env",
		"/etc/zkark/prune.env",
		"/usr/share/zkark/zookeeper.service.d/zkark.conf",
		"/usr/share/doc/zkark/README.md",
		"/usr/share/doc/zkark/docs/restore.md",
	}
}

func TestTheDebInstallsIntoAnEmptyRoot(t *testing.T) {
	dpkg := need(t, "dpkg", "a Debian")
	if os.Getuid() != 0 {
		t.Skip("SKIPPED: dpkg installs as root only")
	}
	deb, root := build(t, "deb"), t.TempDir()
	for _, dir := range []string{"var/lib/dpkg/updates", "var/lib/dpkg/info"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(root, "var/lib/dpkg/status"), "")
	// Its scripts cannot run in a root without a shell: it is unpacked, and not configured.
	if said, err := exec.Command(dpkg, "--root="+root, "--force-not-root", "--force-depends", "--unpack", deb).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	for _, file := range promised() {
		path := filepath.Join(root, file)
		if _, err := os.Stat(path); os.IsNotExist(err) {
			path += ".dpkg-new" // how a configuration file waits for its package to be configured
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Error(err)
			continue
		}
		if want := mode(file); info.Mode() != want {
			t.Errorf("%s has mode %v, not %v", file, info.Mode(), want)
		}
	}
}

func mode(file string) os.FileMode {
	switch {
	case file == "/usr/bin/zkark":
		return 0o755
	case strings.HasPrefix(file, "/etc/"):
		return 0o640 // credentials
	}
	return 0o644
}

func TestTheRpmBringsTheSame(t *testing.T) {
	rpm := need(t, "rpm", "apt-get install rpm")
	list, err := exec.Command(rpm, "-qpl", build(t, "rpm")).Output()
	if err != nil {
		t.Fatal(err)
	}
	files := strings.Split(string(list), "\n")
	have := make(map[string]bool)
	for _, file := range files {
		have[file] = true
	}
	for _, file := range promised() {
		if !have[file] {
			t.Errorf("%s is not in the rpm", file)
		}
	}
}

func TestThePackagesUserIsOneThatSystemdCanMake(t *testing.T) {
	sysusers := need(t, "systemd-sysusers", "apt-get install systemd")
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(sysusers, "--root="+root, "-")
	cmd.Stdin = strings.NewReader(read(t, "../../deploy/packages/sysusers.conf"))
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	if passwd := read(t, filepath.Join(root, "etc", "passwd")); !strings.Contains(passwd, "zkark:x:") || !strings.Contains(passwd, "nologin") {
		t.Errorf("no such user, or it may log in:\n%s", passwd)
	}
}
