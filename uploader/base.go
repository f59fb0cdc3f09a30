package uploader

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"

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
	objects, err := u.list(ctx, u.prefix+archive.SnapshotPrefix, "")
	if err != nil {
		return err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, o := range objects {
		u.view.add(o)
	}
	return nil
}

// shipSnapshot packs the snapshot into a spool file, because its size, its hash and the zxid at its end have to be known
// before it is sent.
func (u *Uploader) shipSnapshot(ctx context.Context, s Snapshot) (_ archive.Base, err error) {
	spool, err := os.CreateTemp(u.SpoolDir, "zkark-base-*")
	if err != nil {
		return archive.Base{}, fmt.Errorf("spool: %w", err)
	}
	defer func() { err = errors.Join(err, spool.Close()) }()
	if err := os.Remove(spool.Name()); err != nil {
		return archive.Base{}, fmt.Errorf("spool: %w", err)
	}
	base := archive.Base{Start: s.Start, Time: s.Time, Source: u.Source, Encrypted: u.encrypts()}
	body, err := u.pack(ctx, s, spool, &base)
	if err != nil {
		return archive.Base{}, err
	}
	return base, u.put(ctx, base.Key(), body)
}

func (u *Uploader) pack(ctx context.Context, s Snapshot, spool *os.File, base *archive.Base) (store.Body, error) {
	meta, err := u.meta(ctx, zookeeper.SnapshotName(s.Start, zookeeper.Plain), s.Compression)
	if err != nil {
		return store.Body{}, err
	}
	object, file := sha256.New(), sha256.New()
	e, err := archive.NewEncoder(io.MultiWriter(spool, object), meta, u.Recipients...)
	if err != nil {
		return store.Body{}, err
	}
	if base.End, err = s.CopyTo(ctx, io.MultiWriter(e, file)); err != nil {
		return store.Body{}, errors.Join(err, e.Close())
	}
	if err := e.Close(); err != nil {
		return store.Body{}, err
	}
	base.End = max(base.End, base.Start)
	base.Hash = meta.ContentHash([sha256.Size]byte(file.Sum(nil)))
	base.Size, err = spool.Seek(0, io.SeekCurrent)
	return store.Body{
		Size:   base.Size,
		SHA256: [sha256.Size]byte(object.Sum(nil)),
		Open:   func() (io.ReadCloser, error) { return io.NopCloser(io.NewSectionReader(spool, 0, base.Size)), nil },
	}, err
}
