package uploader

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/store"
)

// spool packs a large object into a file that has no name, because its size, its hash and what is at its end have to be known
// before it is sent. Then it calls send.
func (u *Uploader) spool(meta archive.Meta, fill func(*archive.Encoder) error, send func(store.Body) error) (err error) {
	f, err := os.CreateTemp(u.SpoolDir, "zkark-spool-*")
	if err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := os.Remove(f.Name()); err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	hash := sha256.New()
	e, err := archive.NewEncoder(io.MultiWriter(f, hash), meta, u.Recipients...)
	if err != nil {
		return err
	}
	if err := fill(e); err != nil {
		return errors.Join(err, e.Close())
	}
	if err := e.Close(); err != nil {
		return err
	}
	size, err := f.Seek(0, io.SeekCurrent)
	if err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	return send(store.Body{
		Size:   size,
		SHA256: [sha256.Size]byte(hash.Sum(nil)),
		Open:   func() (io.ReadCloser, error) { return io.NopCloser(io.NewSectionReader(f, 0, size)), nil },
	})
}
