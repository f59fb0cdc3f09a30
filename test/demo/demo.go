package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-zookeeper/zk"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/test/loop"
	"github.com/zkark/zkark/test/zkserver"
)

// demo is one run; what it started is in its fields until cleanUp.
type demo struct {
	dir     string // everything that the demo writes is below
	binary  string
	scale   int
	release zkserver.Release
	story   *story

	server  *zkserver.Server
	zkark   loop.Zkark
	sidecar *loop.Sidecar
	client  *zk.Conn // one session for all of the demo

	before map[string]loop.Znode
	zxid   zookeeper.Zxid // the last transaction before the disaster
}

func (d *demo) run(ctx context.Context) error {
	d.story.title(fmt.Sprintf("zkark, once around the loop on a real ZooKeeper %s", d.release.Version))
	steps := []struct {
		patience time.Duration
		do       func(context.Context) error
	}{
		{time.Minute, d.startServer},
		{time.Minute, d.startSidecar},
		{3 * time.Minute, d.write},
		{time.Minute, d.ship},
		{time.Minute, d.lose},
		{3 * time.Minute, d.restore},
		{2 * time.Minute, d.restart},
		{3 * time.Minute, d.compare},
	}
	for _, step := range steps {
		stepCtx, cancel := context.WithTimeout(ctx, step.patience)
		err := step.do(stepCtx)
		cancel()
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) startServer(ctx context.Context) error {
	server, err := zkserver.New(d.release, filepath.Join(d.dir, "server"), zkserver.Options{JVM: []string{loop.ExtendedTypes}})
	if err != nil {
		return err
	}
	d.server = server
	if err := server.Start(ctx); err != nil {
		return err
	}
	d.story.tell(normal(), "A ZooKeeper server is up on %s, empty.", server.Addr())
	return nil
}

func (d *demo) startSidecar(ctx context.Context) error {
	d.zkark = loop.Zkark{Binary: d.binary, Archive: filepath.Join(d.dir, "archive"), ZooCfg: d.server.ConfigFile()}
	if err := os.Mkdir(d.zkark.Archive, 0o755); err != nil {
		return fmt.Errorf("make the archive's directory: %w", err)
	}
	sidecar, err := d.zkark.StartSidecar(filepath.Join(d.dir, "sidecar.log"))
	if err != nil {
		return err
	}
	d.sidecar = sidecar
	if err := sidecar.WaitRunning(ctx); err != nil {
		return err
	}
	d.client, err = loop.Connect(ctx, d.server.Addr())
	if err != nil {
		return err
	}
	d.story.tell(normal(), "zkark sidecar is beside it and ships to a directory.")
	return nil
}

func (d *demo) write(ctx context.Context) error {
	start := time.Now()
	kinds, err := loop.Write(ctx, d.client, loop.KindsOf(d.release, loop.Workload{Root: "/ark", Scale: d.scale}))
	if err != nil {
		return err
	}
	if err := loop.ComeAndGo(ctx, d.server.Addr(), "/ark/visitors", 20); err != nil {
		return err
	}
	status, err := d.server.Status(ctx)
	if err != nil {
		return err
	}
	d.zxid = status.Zxid
	d.story.tell(normal(), "%s znodes written, in %s transactions and %s:", count(status.Nodes), count(d.zxid.Counter()), seconds(time.Since(start)))
	var line []string
	for i, k := range kinds {
		line = append(line, count(k.Count)+" "+k.Name)
		if len(line) == 3 || i == len(kinds)-1 {
			d.story.detail("%s", strings.Join(line, ", "))
			line = nil
		}
	}
	return nil
}

func (d *demo) ship(ctx context.Context) error {
	start := time.Now()
	archived, err := d.waitArchived(ctx)
	if err != nil {
		return err
	}
	onDisk, err := diskUsage(d.server.DataDir())
	if err != nil {
		return err
	}
	d.story.tell(good(), "All of it is in the archive %s after the last write, up to %s:", seconds(time.Since(start)), archived.Newest)
	d.story.detail("%s shipped in %d objects; the server has %s on its disk", size(archived.Bytes), archived.Objects, size(onDisk))
	d.before, err = loop.ReadAll(ctx, d.client)
	return err
}

// waitArchived waits until the archive has the last transaction, or the sidecar has given up.
func (d *demo) waitArchived(ctx context.Context) (loop.Archived, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-d.sidecar.Ended():
			cancel(errors.New("the sidecar ended"))
		case <-ctx.Done():
		}
	}()
	archived, err := loop.WaitArchived(ctx, d.zkark.Archive, d.zxid)
	if err != nil {
		return archived, fmt.Errorf("%w; of the sidecar, %s", err, d.sidecar.LogTail())
	}
	return archived, nil
}

func (d *demo) lose(context.Context) error {
	if err := d.server.Kill(); err != nil {
		return err
	}
	d.story.tell(bad(), "kill -9: the server is dead.")
	if err := d.sidecar.Stop(); err != nil {
		return err
	}
	d.sidecar = nil
	if err := os.RemoveAll(d.server.DataDir()); err != nil {
		return fmt.Errorf("delete the data directory: %w", err)
	}
	d.story.tell(bad(), "rm -rf: its data directory is gone.")
	return nil
}

func (d *demo) restore(ctx context.Context) error {
	start := time.Now()
	said, err := d.zkark.Restore(ctx)
	if err != nil {
		return err
	}
	d.story.tell(good(), "zkark restore has rebuilt it in %s. It says:", seconds(time.Since(start)))
	for line := range strings.Lines(said) {
		d.story.detail("%s", strings.TrimRight(line, "\n"))
	}
	return nil
}

func (d *demo) restart(ctx context.Context) error {
	if err := d.server.Start(ctx); err != nil {
		return err
	}
	status, err := d.server.Status(ctx)
	if err != nil {
		return err
	}
	complaints, err := d.server.Complaints()
	if err != nil {
		return err
	}
	if len(complaints) > 0 {
		return fmt.Errorf("the restored server complains: %s", strings.Join(complaints, "\n"))
	}
	d.story.tell(normal(), "The server is up again with %s znodes; its log shows no error, and no digest that differs.", count(status.Nodes))
	session := d.client.SessionID()
	if err := loop.WaitSession(ctx, d.client); err != nil {
		return err
	}
	if d.client.SessionID() != session {
		return fmt.Errorf("the client came back with session %#x, not with its own, %#x", d.client.SessionID(), session)
	}
	d.story.tell(normal(), "The client, connected all the time, is back in its session %#x.", session)
	return nil
}

func (d *demo) compare(ctx context.Context) error {
	after, err := loop.ReadAll(ctx, d.client)
	if err != nil {
		return err
	}
	found := loop.Differences(d.before, after)
	if len(found) > 0 {
		const most = 10
		d.story.tell(bad(), "%s differences:", count(len(found)))
		for _, f := range found[:min(most, len(found))] {
			d.story.detail("%s", f)
		}
		return fmt.Errorf("the restored server differs from the lost one in %d ways", len(found))
	}
	d.story.tell(good(), "All %s znodes compared, data, stat and ACL: every one is as it was.", count(len(after)))
	d.story.end()
	return nil
}

// cleanUp ends what still runs and deletes what the demo wrote.
func (d *demo) cleanUp(keep bool) error {
	if d.sidecar != nil {
		d.sidecar.Kill()
	}
	var err error
	if d.server != nil {
		err = d.server.Kill()
	}
	if d.client != nil {
		d.client.Close()
	}
	if keep {
		d.story.tell(normal(), "What the demo wrote is kept in %s", d.dir)
		return err
	}
	return errors.Join(err, os.RemoveAll(d.dir))
}

// diskUsage is the size of all files below a directory, as `ls` shows it.
func diskUsage(dir string) (int64, error) {
	var total int64
	err := filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		total += info.Size()
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("measure %s: %w", dir, err)
	}
	return total, nil
}
