package restore

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"

	"filippo.io/age"

	"github.com/zkark/zkark/internal/archive"
)

// builder writes what a plan says into a staging directory, and believes no object that is not what its name says.
type builder struct {
	archive opened
	staging staging
	observe Observer

	identities []age.Identity
}

// built is what stands in the staging directory, waiting for proof.
type built struct {
	plan archive.Plan
	dir  string   // of snapshots
	base string   // path of the unpacked base, "" for the empty tree
	logs []string // paths, in order of their records
}

// build unpacks the base, and writes logs that end exactly at the target.
func (b builder) build(ctx context.Context, plan archive.Plan) (built, error) {
	out := built{plan: plan, dir: b.staging.data()}
	if !plan.FromEmpty {
		out.base = filepath.Join(out.dir, "base.tmp")
		if err := b.unpack(ctx, plan.Base.Key(), plan.Base.Hash, out.base); err != nil {
			return built{}, err
		}
	}
	logs := logWriter{dir: b.staging.log()}
	for _, piece := range plan.Pieces {
		if err := b.buildPiece(ctx, piece, &logs); err != nil {
			return built{}, errors.Join(err, logs.close())
		}
	}
	out.logs = logs.paths
	return out, logs.close()
}

// unpack writes the file inside an object to path.
func (b builder) unpack(ctx context.Context, key, hash, path string) error {
	return b.fetch(ctx, key, hash, func(r io.Reader) error {
		return writeFile(path, func(w io.Writer) error {
			_, err := io.Copy(w, r)
			return err
		})
	})
}

// buildPiece unpacks a segment into a file of its own first: its hash is known only at its end, and until then not a byte of it
// may reach a log.
func (b builder) buildPiece(ctx context.Context, piece archive.Piece, logs *logWriter) error {
	path := filepath.Join(b.staging.log(), "segment.tmp")
	err := b.unpack(ctx, piece.Key(), piece.Hash, path)
	if err == nil {
		err = logs.add(path, piece)
	}
	return errors.Join(err, removeIfThere(path))
}

// fetch reads the file inside an object and proves that it is the one that the object's name promises.
func (b builder) fetch(ctx context.Context, key, want string, read func(io.Reader) error) error {
	full := archive.TimelinePrefix(b.archive.timeline) + key
	object, err := b.archive.bucket.Get(ctx, full, 0)
	if err != nil {
		return fmt.Errorf("fetch %s: %w", full, err)
	}
	defer object.Close()
	counted := &counter{r: object, ctx: ctx, count: b.observe.Fetched}
	file, err := archive.NewDecoder(counted, b.identities...)
	if err != nil {
		return b.damaged(full, counted, err)
	}
	defer file.Close()
	sum := sha256.New()
	if err := read(io.TeeReader(file, sum)); err != nil {
		return b.damaged(full, counted, err)
	}
	if _, err := io.Copy(sum, file); err != nil {
		return b.damaged(full, counted, err)
	}
	return b.identify(full, file.Meta(), sum, want)
}

func (b builder) identify(key string, m archive.Meta, sum hash.Hash, want string) error {
	if got := m.ContentHash([sha256.Size]byte(sum.Sum(nil))); got != want {
		return &DamagedError{Key: key, Err: fmt.Errorf("the hash of its content is %s", got)}
	}
	if m.Cluster != b.archive.id.Cluster {
		return &DamagedError{Key: key, Err: fmt.Errorf("it is of cluster %s, the archive of %s", m.Cluster, b.archive.id.Cluster)}
	}
	return nil
}

// damaged keeps failures of the store, of the disk and of the context what they are: only the rest is the object's.
func (b builder) damaged(key string, read *counter, err error) error {
	var path *os.PathError
	switch {
	case read.err != nil:
		return fmt.Errorf("fetch %s: %w", key, read.err)
	case errors.Is(err, archive.ErrEncrypted), errors.Is(err, archive.ErrOtherRecipient):
		return fmt.Errorf("read %s: %w", key, err)
	case errors.As(err, &path):
		return fmt.Errorf("build: %w", err)
	}
	return &DamagedError{Key: key, Err: err}
}

// counter reports what is read, stops when the context ends, and remembers the store's own failure.
type counter struct {
	r     io.Reader
	ctx   context.Context
	count func(int)
	err   error
}

func (c *counter) Read(p []byte) (int, error) {
	if c.err = context.Cause(c.ctx); c.err != nil {
		return 0, c.err
	}
	n, err := c.r.Read(p)
	c.count(n)
	c.err = notEOF(err)
	return n, err
}

func notEOF(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

// writeFile creates a file, lets write fill it through a buffer, and makes it durable.
func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	err = write(f)
	return errors.Join(err, f.Sync(), f.Close())
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
