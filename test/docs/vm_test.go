package docs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// machine makes a machine of its own over the one that the tests run on, and boots systemd on it: with what page, package and units expect to
// be there, Debian's ZooKeeper as a service, and a bucket. The rest of the script runs inside, as a service, and its exit code is the
// machine's.
const machine = `set -e
mkdir machine && mount -t tmpfs none machine && mkdir machine/upper machine/work machine/root
mount -t overlay overlay -o lowerdir=/,upperdir=machine/upper,workdir=machine/work machine/root
root=$PWD/machine/root
mount -t proc proc $root/proc && mount -t sysfs sysfs $root/sys && mount --rbind /dev $root/dev
mount -t tmpfs none $root/run && mount -t tmpfs none $root/tmp && chmod 1777 $root/tmp && mount -t tmpfs none $root/srv
mkdir $root/srv/page
cp "$PACKAGE" "$S3_SERVER" inside $root/srv/page
touch $root/srv/page/said && mount --bind $HOME/output $root/srv/page/said
: > $root/etc/machine-id
cat > $root/etc/systemd/system/page.service <<'END'
[Unit]
DefaultDependencies=no
[Service]
Type=oneshot
WorkingDirectory=/srv/page
Environment=HOME=/srv/page PATH=/srv/page/bin:/usr/sbin:/usr/bin:/sbin:/bin
ExecStart=/bin/bash -c 'bash ./inside || { code=$?; journalctl --no-pager --lines 60; systemctl --no-block exit $code; exit; }; systemctl --no-block exit 0'
StandardOutput=append:/srv/page/said
StandardError=append:/srv/page/said
END
mkdir "$CGROUP" && echo $$ > "$CGROUP/cgroup.procs"
export root
exec unshare --cgroup bash -ec '
mount -t cgroup2 cgroup2 $root/sys/fs/cgroup
cd $root
pivot_root . mnt
umount --lazy /mnt
exec env -i container=page /lib/systemd/systemd --system --unit=page.service --show-status=0 --log-level=warning
'
`

// inside is what the machine has before the page begins.
const inside = `set -e
mkdir bin s3
printf '#!/bin/bash\nset -e\nuser=root\n[ "$1" != -u ] || { user=$2; shift 2; }\nexec setpriv --reuid=$user --regid=$(id -gn $user) --init-groups "$@"\n' > bin/sudo
chmod 0755 bin/sudo
rm -rf /var/lib/zookeeper/* /etc/zkark
install -d -o zookeeper -g zookeeper -m 0750 /var/lib/zookeeper
jars=/usr/share/java
cp=$jars/zookeeper.jar:$jars/slf4j-simple.jar:$jars/netty-codec.jar:$jars/netty-resolver.jar
cat > /etc/systemd/system/zookeeper.service <<END
[Service]
User=zookeeper
Group=zookeeper
ExecStart=/usr/bin/java -Dzookeeper.admin.enableServer=false -cp $cp org.apache.zookeeper.server.quorum.QuorumPeerMain /etc/zookeeper/conf/zoo.cfg
END
cli() { # again where a server that is just starting has dropped the connection
	for try in 1 2 3; do
		java -cp $cp org.apache.zookeeper.ZooKeeperMain -timeout 5000 -waitforconnection -server 127.0.0.1:2181 "$@" 2>> client.log && return
	done
	cat client.log # which would get between what is printed otherwise
	false
}
export AWS_ACCESS_KEY_ID=machine AWS_SECRET_ACCESS_KEY=of-its-own AWS_REGION=eu-central-1
export ZKARK_S3_ENDPOINT=http://127.0.0.1:7070 ZKARK_S3_PATH_STYLE=true ZKARK_S3_PLAINTEXT=true
"./$(basename versitygw*)" --access $AWS_ACCESS_KEY_ID --secret $AWS_SECRET_ACCESS_KEY --region $AWS_REGION --port 127.0.0.1:7070 --quiet posix s3 > s3.log 2>&1 &
until curl --silent --output answer 127.0.0.1:7070; do sleep 0.1; done
location="<CreateBucketConfiguration><LocationConstraint>$AWS_REGION</LocationConstraint></CreateBucketConfiguration>"
curl --silent --show-error --fail-with-body --request PUT --data "$location" --header "x-amz-content-sha256: $(printf %s "$location" | sha256sum | cut -d' ' -f1)" \
  --user $AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY --aws-sigv4 aws:amz:$AWS_REGION:s3 127.0.0.1:7070/backups
newest() { exec 3<>/dev/tcp/127.0.0.1/2181; printf srvr >&3; sed -n 's/^Zxid: //p' <&3; }
# settled waits until everything is archived.
settled() {
	for try in $(seq 100); do
		zkark status --archive s3://backups/zookeeper/prod --output json 2>&1 | grep -q '"newestRestorable":{"zxid":"'$(newest)'"' && return
		sleep 0.2
	done
	echo 'not all is archived'
	systemctl --no-pager --full status zkark
	false
}
`

func TestTheQuickStartForVirtualMachinesWorksWordByWord(t *testing.T) {
	needMachine(t)
	all := blocks(t, "docs/quickstart-vm.md")
	if len(all) < 6 {
		t.Fatalf("only %d blocks", len(all))
	}
	before := map[string]string{ // what happens on a machine before a block is run, by how the block begins
		"systemctl enable --now zkark\n":     "env | grep -E '^(AWS|ZKARK)' >> /etc/zkark/zkark.env",
		"zkark status":                       "systemctl start zookeeper\ncli create /ark 'two by two'\nsettled",
		"systemctl stop zookeeper":           "systemctl stop zookeeper\nrm -rf /var/lib/zookeeper/version-2\nsystemctl start zookeeper\ncli get /ark\nsettled",
		"systemctl enable --now zkark-prune": "cli get /ark\nsettled",
	}
	var page strings.Builder
	page.WriteString(inside)
	for i, b := range all {
		commands := strings.Join(b.commands, "\n") + "\n"
		for begins, happens := range before {
			if strings.HasPrefix(commands, begins) {
				page.WriteString(happens + "\n")
				delete(before, begins)
			}
		}
		page.WriteString("echo '" + blockMark + string(rune('0'+i)) + "'\n" + commands)
	}
	if len(before) > 0 {
		t.Errorf("no block begins with any of %q", before)
	}
	page.WriteString("systemctl start zkark-prune zkark-drill zkark-verify\n") // as their timers would
	page.WriteString("systemctl is-active zkark-prune.timer zkark-drill.timer zkark-verify.timer\nzkark status --archive s3://backups/zookeeper/prod\n")
	page.WriteString("systemctl stop zookeeper zkark\nsystemctl show zkark --property=Result,ExecMainStatus\n")
	said := runMachine(t, page.String())
	expect(t, all, said)
	if n := strings.Count(said, "\ntwo by two\n"); n != 2 {
		t.Errorf("the znode was back %d times, want 2:\n%s", n, said)
	}
}

// runMachine runs a script on a machine of its own.
func runMachine(t *testing.T, script string) string {
	t.Helper()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	tools := filepath.Join(here, root, ".cache", "bin")
	nfpm, s3 := filepath.Join(tools, "nfpm-v2.43.4"), filepath.Join(tools, "versitygw-v1.8.0")
	for _, tool := range []string{nfpm, s3} {
		if _, err := os.Stat(tool); err != nil {
			t.Skipf("SKIPPED: needs %s: make packages s3-server", tool)
		}
	}
	overlay := "mount -t tmpfs none /mnt; mkdir /mnt/u /mnt/w /mnt/r; mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/u,workdir=/mnt/w /mnt/r"
	if said, err := exec.Command("unshare", "--mount", "sh", "-ec", overlay).CombinedOutput(); err != nil {
		t.Skipf("SKIPPED: needs overlay file systems: %v %s", err, said)
	}
	for _, tool := range []string{"curl", "setpriv", "systemd-sysusers", "/lib/systemd/systemd"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("SKIPPED: needs %s", tool)
		}
	}
	pkg := filepath.Join(t.TempDir(), "zkark_0.0.0_amd64.deb")
	share := t.TempDir()
	generate := exec.Command("go", "run", "./deploy/packages/share", share)
	generate.Dir = root
	if said, err := generate.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	cmd := exec.Command(nfpm, "package", "--config", "deploy/packages/nfpm.yaml", "--packager", "deb", "--target", pkg)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "ARCH=amd64", "VERSION=0.0.0", "ZKARK_BINARY="+filepath.Join(zkark(t), "zkark"), "ZKARK_SHARE="+share)
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	home := t.TempDir()
	if err := os.WriteFile(filepath.Join(home, "inside"), []byte(script), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CGROUP", controlGroup(t))
	t.Setenv("PACKAGE", pkg)
	t.Setenv("S3_SERVER", s3)
	return run(t, "cd "+home+"\n"+machine)
}

// controlGroup is the name of a new group in the second version's hierarchy, which the machine's systemd is to have for itself.
func controlGroup(t *testing.T) string {
	t.Helper()
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(mounts)) {
		if fields := strings.Fields(line); fields[2] == "cgroup2" && strings.HasPrefix(fields[3], "rw") {
			group := filepath.Join(fields[1], fmt.Sprintf("zkark-page-%d", os.Getpid()))
			t.Cleanup(func() { removeGroups(t, group) })
			return group
		}
	}
	t.Skip("SKIPPED: needs control groups of version 2, mounted and writable, for systemd")
	return ""
}

// removeGroups removes a control group and those below it, whose processes end with the machine: the kernel may still be at it.
func removeGroups(t *testing.T, group string) {
	t.Helper()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	var err error
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); <-again.C {
		if err = removeTree(group); err == nil {
			return
		}
	}
	t.Error(err)
}

func removeTree(group string) error {
	var groups []string
	err := filepath.WalkDir(group, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			groups = append(groups, path)
		}
		return err
	})
	for _, path := range slices.Backward(groups) {
		err = errors.Join(err, os.Remove(path))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
