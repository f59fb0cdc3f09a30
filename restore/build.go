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
	"golang.org/x/sync/errgroup"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/zookeeper/snapshot"
	"github.com/zkark/zkark/internal/zookeeper/tree"
)

// builder writes what a plan says into a staging directory, and believes no object that is not what its name says.
type builder struct {
	archive opened
	staging staging
	observe Observer

	identities []age.Identity

	// behind is making durable what is written. Whoever makes the builder waits for it.
	behind *errgroup.Group
}

// built is what is being built in the staging directory, and proven meanwhile.
type built struct {
	plan archive.Plan
	step func(name string) error // see staging
	dir  string                  // of snapshots
	base chan loadedTree         // gets the base when it is loaded; never, for a plan from the empty tree
	logs *trail

	behind *errgroup.Group // the builder's
}

// buildAndProve lets the proof follow the logs as they are written. What fails first ends the other, and is what went wrong.
func (b builder) buildAndProve(ctx context.Context, plan archive.Plan) (built, *proof, error) {
	out := built{plan: plan, step: b.staging.step, dir: b.staging.data(), base: make(chan loadedTree, 1), logs: newTrail(), behind: b.behind}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return b.build(ctx, out) })
	var p *proof
	group.Go(func() (err error) {
		p, err = prove(ctx, out)
		return err
	})
	err := group.Wait()
	return out, p, err
}

// build loads the base, and then writes logs that end exactly at the target. The base goes first and alone, and so with the whole
// machine: the proof has the most to do, and cannot begin without it.
func (b builder) build(ctx context.Context, out built) error {
	d := b.download(ctx, b.objects(out.plan))
	defer d.close()
	if !out.plan.FromEmpty {
		err := d.use(ctx, func(o object, path string) error { return b.loadBase(ctx, o, path, out) })
		if err != nil {
			return err
		}
	}
	logs := logWriter{dir: b.staging.log(), trail: out.logs, behind: b.behind}
	defer logs.abandon()
	for _, piece := range out.plan.Pieces {
		err := d.use(ctx, func(o object, path string) error { return b.buildPiece(o, path, piece, &logs) })
		if err == nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			return err
		}
	}
	if err := logs.close(); err != nil {
		return err
	}
	b.observe.Proving()
	out.logs.end()
	return nil
}

// loadedTree is a base in memory.
type loadedTree struct {
	tree    *tree.Tree
	trailer snapshot.Trailer
	err     error
}

// loadBase unpacks the base right into a tree, which is handed on only when the object is the one that its name promises. That it is, and
// still no snapshot, is for the proof to tell.
func (b builder) loadBase(ctx context.Context, o object, from string, out built) error {
	if err := b.staging.step("unpack " + o.key); err != nil {
		return err
	}
	f, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("build: %w", err)
	}
	defer f.Close()
	var l loadedTree
	err = b.decode(o, ending{ctx, f}, func(r io.Reader) error {
		l.tree, l.trailer, l.err = readTree(r, out.plan.Base.Key(), out.plan.Base.Start)
		return nil
	})
	if err != nil {
		return err
	}
	out.base <- l
	return nil
}

// ending is a reader that ends with a context.
type ending struct {
	ctx context.Context
	r   io.Reader
}

func (e ending) Read(p []byte) (int, error) {
	if err := context.Cause(e.ctx); err != nil {
		return 0, err
	}
	return e.r.Read(p)
}

// objects are what a plan reads, in the order in which it does.
func (b builder) objects(plan archive.Plan) []object {
	var list []object
	if !plan.FromEmpty {
		list = append(list, object{b.archive.key(plan.Base.Key()), plan.Base.Hash, plan.Base.Size})
	}
	for _, p := range plan.Pieces {
		list = append(list, object{b.archive.key(p.Key()), p.Hash, p.Size})
	}
	return list
}

// unpack writes the file inside an object that was fetched to path.
func (b builder) unpack(o object, from, path string) error {
	if err := b.staging.step("unpack " + o.key); err != nil {
		return err
	}
	f, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("build: %w", err)
	}
	defer f.Close()
	return b.decode(o, f, func(r io.Reader) error {
		w, err := create(path) // and not made durable: it goes once it is used
		if err != nil {
			return err
		}
		_, err = io.Copy(w, r)
		return errors.Join(err, w.Close())
	})
}

// buildPiece unpacks a segment into a file of its own first: its hash is known only at its end, and until then not a byte of it
// may reach a log.
func (b builder) buildPiece(o object, from string, piece archive.Piece, logs *logWriter) error {
	path := filepath.Join(b.staging.log(), "segment.tmp")
	err := b.unpack(o, from, path)
	if err == nil {
		err = b.staging.step("append " + o.key)
	}
	if err == nil {
		err = logs.add(path, piece)
	}
	return errors.Join(err, removeIfThere(path))
}

// fetch reads the file inside an object from the store, without another file in between.
func (b builder) fetch(ctx context.Context, o object, read func(io.Reader) error) error {
	r := b.open(ctx, o.key, 0, o.size)
	defer r.Close()
	return b.decode(o, r, read)
}

// decode reads the file inside an object and proves that it is the one that the object's name promises.
func (b builder) decode(o object, from io.Reader, read func(io.Reader) error) error {
	watched := &watch{r: from}
	file, err := archive.NewDecoder(watched, b.identities...)
	if err != nil {
		return b.damaged(o.key, watched, err)
	}
	defer file.Close()
	sum := sha256.New()
	if err := read(io.TeeReader(file, sum)); err != nil {
		return b.damaged(o.key, watched, err)
	}
	if _, err := io.Copy(sum, file); err != nil {
		return b.damaged(o.key, watched, err)
	}
	return b.identify(o.key, file.Meta(), sum, o.hash)
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
func (b builder) damaged(key string, read *watch, err error) error {
	var path *os.PathError
	switch {
	case read.err != nil:
		return read.err
	case errors.Is(err, archive.ErrEncrypted), errors.Is(err, archive.ErrOtherRecipient):
		return fmt.Errorf("read %s: %w", key, err)
	case errors.As(err, &path):
		return fmt.Errorf("build: %w", err)
	}
	return &DamagedError{Key: key, Err: err}
}

// watch remembers where an object comes from failing to come.
type watch struct {
	r   io.Reader
	err error
}

func (w *watch) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	w.err = notEOF(err)
	return n, err
}

func notEOF(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

// writeFile creates a file and lets write fill it. It can be read then, and is durable once behind is done.
func writeFile(behind *errgroup.Group, path string, write func(io.Writer) error) error {
	f, err := create(path)
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		return errors.Join(err, f.Close())
	}
	makeDurable(behind, f)
	return nil
}

// makeDurable does so with a file that is written, and closes it, while others go on.
func makeDurable(behind *errgroup.Group, f *os.File) {
	behind.Go(func() error {
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return fmt.Errorf("make the new data durable: %w", err)
		}
		return nil
	})
}

func create(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
