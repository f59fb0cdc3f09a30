package uploader

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/store"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/snapshot"
)

// ShipBase archives the newest sealed snapshot, if a base is due and there is one that is newer than the archive's last.
// What it archived is told to shipped. A snapshot that is not sealed is passed over, told to skipped, and not looked at again before
// it changes. Before ShipLog has found the archive's history to be the server's it does nothing.
func (u *Uploader) ShipBase(ctx context.Context, shipped func(archive.Base), skipped func(error)) error {
	if !u.isCompared() || len(u.candidates()) == 0 {
		return nil
	}
	if err := u.refreshBases(ctx); err != nil {
		return err
	}
	for _, s := range u.candidates() {
		base, err := u.shipSnapshot(ctx, s)
		var unsealed *snapshot.FormatError
		switch {
		case err == nil:
			shipped(base)
			return nil
		case !errors.As(err, &unsealed):
			return fmt.Errorf("archive %s: %w", s.Name, err)
		}
		u.passOver(s)
		skipped(fmt.Errorf("%s is no base: %w", s.Name, err))
	}
	return nil
}

// candidates are the snapshots that are worth archiving now, newest first.
func (u *Uploader) candidates() []Snapshot {
	runs, snapshots := u.Local.Runs(), u.Local.Snapshots()
	u.mu.Lock()
	defer u.mu.Unlock()
	last, any := u.view.newestBase()
	var found []Snapshot
	for _, s := range snapshots {
		newer := !any || s.Start > last.Start && u.due(last, s, runs)
		if newer && !u.unsealed[content(s)] {
			found = append(found, s)
		}
	}
	return found
}

// due tells whether the archive should get another base than last: because the log since then is long, or old, or has a
// jump in it that only a snapshot bridges.
func (u *Uploader) due(last archive.Base, s Snapshot, runs []Run) bool {
	if u.Now().Sub(last.Time) >= u.BaseInterval {
		return true
	}
	var bytes int64
	for _, run := range runs {
		if run.Last <= last.Start {
			continue
		}
		bytes += run.Bytes(max(run.First, last.Start+1))
		jump := !run.Linked && run.First > last.Start+1 && s.Start+1 >= run.First
		if jump || bytes >= u.BaseBytes {
			return true
		}
	}
	return false
}

// content identifies what a snapshot file holds, as far as can be told without reading it.
func content(s Snapshot) string { return fmt.Sprint(s.Name, s.Size, s.Time.UnixNano()) }

func (u *Uploader) passOver(s Snapshot) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.unsealed[content(s)] = true
}

// refreshBases learns of the bases that others have put.
func (u *Uploader) refreshBases(ctx context.Context) error {
	if _, err := u.enter(ctx); err != nil {
		return err
	}
	objects, err := u.list(ctx, u.prefix()+archive.SnapshotPrefix, "")
	if err != nil {
		return err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.changes++
	for _, o := range objects {
		u.view.add(o)
	}
	return nil
}

func (u *Uploader) shipSnapshot(ctx context.Context, s Snapshot) (archive.Base, error) {
	meta, err := u.meta(ctx, zookeeper.SnapshotName(s.Start, zookeeper.Plain), s.Compression)
	if err != nil {
		return archive.Base{}, err
	}
	base := archive.Base{Start: s.Start, Time: s.Time, Source: u.Source, Encrypted: u.encrypts()}
	err = u.spool(meta, func(e *archive.Encoder) error {
		file := sha256.New()
		end, err := s.CopyTo(ctx, io.MultiWriter(e, file))
		base.End = max(end, base.Start)
		base.Hash = meta.ContentHash([sha256.Size]byte(file.Sum(nil)))
		return err
	}, func(body store.Body) error {
		base.Size = body.Size
		return u.put(ctx, base.Key(), body)
	})
	return base, err
}
