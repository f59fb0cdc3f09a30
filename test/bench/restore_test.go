package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/tree"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
	"github.com/zkark/zkark/test/loop"
	"github.com/zkark/zkark/test/s3server"
	"github.com/zkark/zkark/test/zkserver"
)

const (
	restoreNodes  = 300_000
	restoreTxns   = 300_000
	restoreBytes  = 600 // in a znode
	restoreRounds = 5
	gigabit       = 119 // MiB a second: what a link of 1 Gbit/s carries
	bucketName    = "backup"
)

// BenchmarkRestore measures `zkark restore` of a data directory of several hundred megabytes, proof and all, against `rclone copy` of the same
// files, not compressed, from the same S3 server, one after the other; the same again with both of them held to what a link of 1 Gbit/s
// carries; and then how long a server takes to start on what was restored, as
// a base and logs and as one crisp snapshot.
func BenchmarkRestore(b *testing.B) {
	z := newRestoreBench(b)
	for b.Loop() {
		var restores, copies, durable []float64
		for round := range restoreRounds {
			to := filepath.Join(z.dir, fmt.Sprint("copy-", round))
			copied := z.timed("rclone", "copy", "store:"+bucketName+"/raw", to)
			synced := copied + z.timed("sync", z.files(to)...)
			restored := z.restore(z.server(fmt.Sprint("restored-", round)))
			b.Logf("round %d: zkark restore %.2f s, rclone copy %.2f s, and with sync %.2f s", round+1, restored, copied, synced)
			restores, copies, durable = append(restores, restored), append(copies, copied), append(durable, synced)
			z.must(os.RemoveAll(to))
			z.must(os.RemoveAll(filepath.Join(z.dir, fmt.Sprint("restored-", round))))
		}
		b.ReportMetric(median(restores), "restore-s")
		b.ReportMetric(median(copies), "rclone-s")
		b.ReportMetric(median(durable), "rclone+sync-s")
		b.ReportMetric(median(restores)/median(copies), "restore/rclone")
		b.ReportMetric(median(restores)/median(durable), "restore/(rclone+sync)")
		z.overALink()
		b.ReportMetric(z.boot("logs"), "boot-logs-s")
		b.ReportMetric(z.boot("crisp", "--crisp"), "boot-crisp-s")
	}
}

// overALink holds both to the bytes a second that a link carries, by their own means: what counts there is how many bytes they fetch.
func (z *restoreBench) overALink() {
	z.b.Helper()
	var restores, copies []float64
	for round := range restoreRounds {
		to := filepath.Join(z.dir, fmt.Sprint("link-copy-", round))
		copies = append(copies, z.timed("rclone", "copy", fmt.Sprintf("--bwlimit=%dM", gigabit), "store:"+bucketName+"/raw", to))
		name := fmt.Sprint("link-restored-", round)
		restores = append(restores, z.restore(z.server(name), fmt.Sprintf("--max-rate=%dMiB", gigabit)))
		z.b.Logf("1 Gbit/s, round %d: zkark restore %.2f s, rclone copy %.2f s", round+1, restores[round], copies[round])
		z.must(errors.Join(os.RemoveAll(to), os.RemoveAll(filepath.Join(z.dir, name))))
	}
	z.b.ReportMetric(median(restores)/median(copies), "restore/rclone-at-1Gbit/s")
}

func median(of []float64) float64 {
	sorted := slices.Sorted(slices.Values(of))
	return sorted[len(sorted)/2]
}

// restoreBench is an archive, and the same files as they are, in one bucket. Every method fails the benchmark itself.
type restoreBench struct {
	b       *testing.B
	ctx     context.Context
	dir     string
	release zkserver.Release
	zkark   loop.Zkark
}

func newRestoreBench(b *testing.B) *restoreBench {
	b.Helper()
	z := &restoreBench{b: b, ctx: b.Context(), dir: b.TempDir(), release: zkserver.Require(b)}
	if _, err := exec.LookPath("rclone"); err != nil {
		b.Skip("SKIPPED, needs rclone: apt-get install rclone")
	}
	store := s3server.Start(b)
	store.CreateBucket(b, bucketName)
	for name, value := range map[string]string{
		"ZKARK_S3_ENDPOINT": store.Endpoint(), "ZKARK_S3_PATH_STYLE": "true", "AWS_CA_BUNDLE": "", // which rclone does not start with
		"RCLONE_CONFIG_STORE_TYPE": "s3", "RCLONE_CONFIG_STORE_PROVIDER": "Other", "RCLONE_CONFIG_STORE_ENDPOINT": store.Endpoint(),
		"RCLONE_CONFIG_STORE_ACCESS_KEY_ID": s3server.AccessKey, "RCLONE_CONFIG_STORE_SECRET_ACCESS_KEY": s3server.SecretKey,
	} {
		b.Setenv(name, value)
	}
	z.zkark = loop.Zkark{
		Binary: filepath.Join(z.dir, "zkark"), Archive: filepath.Join(store.Dir, bucketName, "zk"), URL: "s3://" + bucketName + "/zk",
		ZooCfg: filepath.Join(z.dir, "zoo.cfg"),
	}
	z.timed("go", "build", "-o", z.zkark.Binary, "../../cmd/zkark")
	h := newServed()
	d, err := h.writeSnapshotAndLog(filepath.Join(z.dir, "data"), 1000)
	z.must(err)
	z.archive(&d, h)
	z.timed("rclone", "copy", filepath.Join(d.root, zookeeper.VersionDir), "store:"+bucketName+"/raw")
	return z
}

func (z *restoreBench) must(err error) {
	z.b.Helper()
	if err != nil {
		z.b.Fatal(err)
	}
}

// timed runs a program to its end and returns how long it took, in seconds.
func (z *restoreBench) timed(name string, args ...string) float64 {
	z.b.Helper()
	cmd := exec.CommandContext(z.ctx, name, args...)
	began := time.Now()
	if said, err := cmd.CombinedOutput(); err != nil {
		z.b.Fatalf("%s: %v: %s", strings.Join(cmd.Args, " "), err, said)
	}
	return time.Since(began).Seconds()
}

// archive has a sidecar ship a directory that no server uses. The rest of the log is only written when the snapshot is shipped: it is
// consistent where the log ends by then.
func (z *restoreBench) archive(d *dataDir, h *history) {
	z.b.Helper()
	z.must(os.WriteFile(z.zkark.ZooCfg, []byte("dataDir="+d.root+"\nclientPort=1\n"), 0o644)) // nobody answers there
	sidecar, err := z.zkark.StartSidecar(filepath.Join(z.dir, "sidecar.log"))
	z.must(err)
	defer sidecar.Kill()
	ctx, cancel := context.WithTimeout(z.ctx, 3*time.Minute)
	defer cancel()
	for based := []string(nil); len(based) == 0; {
		based, err = filepath.Glob(filepath.Join(z.zkark.Archive, "timelines", "*", "snapshot", "*"))
		z.must(err)
		z.must(ctx.Err())
		time.Sleep(10 * time.Millisecond)
	}
	z.must(h.writeRest(d, restoreTxns))
	a, err := loop.WaitArchived(ctx, z.zkark.Archive, d.lastZxid)
	z.must(err)
	z.b.Logf("a snapshot of %d MiB and logs of %d MiB are %d MiB in %d objects", d.snapSize>>20, (d.size-d.snapSize)>>20, a.Bytes>>20, a.Objects)
}

func (z *restoreBench) files(dir string) []string {
	z.b.Helper()
	all, err := filepath.Glob(filepath.Join(dir, "*"))
	z.must(err)
	return all
}

// server is one that has nothing yet.
func (z *restoreBench) server(name string) *zkserver.Server {
	z.b.Helper()
	s, err := zkserver.New(z.release, filepath.Join(z.dir, name), zkserver.Options{JVM: []string{"-Xmx6g"}})
	z.must(err)
	return s
}

func (z *restoreBench) restore(s *zkserver.Server, more ...string) float64 {
	z.b.Helper()
	return z.timed(z.zkark.Binary, append([]string{"restore", "--zoo-cfg", s.ConfigFile(), "--archive", z.zkark.URL}, more...)...)
}

// boot is how long a server takes from the start of its process to its first answer to srvr, in seconds.
func (z *restoreBench) boot(name string, more ...string) float64 {
	z.b.Helper()
	s := z.server(name)
	z.restore(s, more...)
	began := time.Now()
	s.MustStart(z.b)
	took := time.Since(began).Seconds()
	z.must(s.Kill())
	return took
}

// newServed is a server's life up to a snapshot. What its znodes hold compresses about as well as configuration with identifiers in it.
func newServed() *history {
	random := rand.NewChaCha8([32]byte{})
	return &history{tree: tree.New(), data: func(int) []byte {
		var out []byte
		for len(out) < restoreBytes {
			id := make([]byte, 24)
			random.Read(id)
			out = fmt.Appendf(out, `{"state":"RUNNING","host":"worker-%d.example.org:8443","id":"%s"},`, id[0], base64.StdEncoding.EncodeToString(id))
		}
		return out
	}}
}

// writeSnapshotAndLog makes a directory with a snapshot, and the log behind it as far as the server has come.
func (h *history) writeSnapshotAndLog(root string, txns int) (dataDir, error) {
	if err := h.each(restoreNodes, false, func(txnlog.Txn) error { return nil }); err != nil {
		return dataDir{}, err
	}
	d := dataDir{root: root, snapshotZxid: h.zxid, snapshot: zookeeper.SnapshotName(h.zxid, zookeeper.Plain)}
	if err := d.create(d.snapshot, h.writeSnapshot); err != nil {
		return d, err
	}
	return d, d.measure(h.writeOverwrites(&d, txns))
}

func (h *history) writeRest(d *dataDir, txns int) error {
	d.size = 0
	return d.measure(h.writeOverwrites(d, txns))
}

// writeOverwrites makes one more log.
func (h *history) writeOverwrites(d *dataDir, txns int) error {
	d.log = zookeeper.LogName(h.zxid + 1)
	err := d.create(d.log, func(w io.Writer) error {
		log, err := txnlog.NewWriter(w)
		if err != nil {
			return err
		}
		for range txns {
			txn := h.overwrite(2000 + rand.IntN(restoreNodes-4000))
			if err := h.tree.Apply(txn); err != nil {
				return err
			}
			txn.Digest = &txnlog.Digest{Version: 2, Tree: h.tree.Digest()}
			if err := log.Append(txnlog.Encode(txn)); err != nil {
				return err
			}
		}
		return nil
	})
	d.lastZxid, d.nodes = h.zxid, h.tree.Len()
	return err
}
