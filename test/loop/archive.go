package loop

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/zookeeper"
)

// Archived is what a listing of an archive shows.
type Archived struct {
	Objects int            // segments and bases
	Bytes   int64          // their size
	Newest  zookeeper.Zxid // the point that a restore to latest reaches; 0 when none is
}

// ReadArchive lists an archive in a directory, and asks for no more than the listing.
func ReadArchive(dir string) (Archived, error) {
	var a Archived
	catalog, err := Catalog(dir)
	if err != nil {
		return a, err
	}
	for _, s := range catalog.Segments {
		a.Bytes += s.Size
	}
	for _, b := range catalog.Bases {
		a.Bytes += b.Size
	}
	a.Objects = len(catalog.Segments) + len(catalog.Bases)
	if plan, err := archive.MakePlan(catalog, archive.Latest()); err == nil {
		a.Newest = plan.Target
	}
	return a, nil
}

// Catalog is what a listing of the newest timeline of an archive in a directory shows.
func Catalog(dir string) (archive.Catalog, error) {
	var objects []archive.Object
	timeline := filepath.Join(dir, filepath.FromSlash(archive.TimelinePrefix(1)))
	all, err := filepath.Glob(filepath.Join(dir, archive.TimelinesPrefix, "*"))
	if err != nil {
		return archive.Catalog{}, err
	}
	if len(all) > 0 {
		timeline = all[len(all)-1]
	}
	err = filepath.WalkDir(timeline, func(name string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // a temporary file that has its name by now
		}
		if err != nil || entry.IsDir() || strings.HasPrefix(entry.Name(), ".") {
			return err
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		key, err := filepath.Rel(timeline, name)
		objects = append(objects, archive.Object{Key: filepath.ToSlash(key), Size: info.Size()})
		return err
	})
	if err != nil {
		return archive.Catalog{}, fmt.Errorf("list the archive in %s: %w", dir, err)
	}
	return archive.ParseCatalog(objects), nil
}

// WaitArchived waits until a restore from the archive would reach a zxid.
func WaitArchived(ctx context.Context, dir string, zxid zookeeper.Zxid) (Archived, error) {
	for {
		a, err := ReadArchive(dir)
		if err != nil || a.Newest >= zxid {
			return a, err
		}
		if err := pause(ctx); err != nil {
			return a, fmt.Errorf("wait until the archive in %s holds %s (it has %d objects and reaches %s): %w",
				dir, zxid, a.Objects, a.Newest, err)
		}
	}
}
