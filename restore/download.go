package restore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sync/errgroup"
)

const (
	connections = 4        // that read at once
	waiting     = 8        // objects on disk that are not unpacked yet
	rangeSize   = 16 << 20 // bytes that one connection takes of a large object
)

// object is one that a plan reads.
type object struct {
	key, hash string // the key is below the archive's prefix
	size      int64  // from the listing
}

// arrival is an object on its way to a file.
type arrival struct {
	object
	path string
	done chan error // gets one value
}

// downloads brings objects to files in the order in which they are asked for, several at once and large ones in ranges. What is
// ahead of the one being used is bounded, in number; memory is bounded by the connections.
type downloads struct {
	cancel   context.CancelFunc
	arrivals chan *arrival
	room     chan struct{} // a token for each file
	turns    chan struct{} // a token for each connection
	running  sync.WaitGroup
}

// download begins. It has to be closed.
func (b builder) download(ctx context.Context, objects []object) *downloads {
	ctx, cancel := context.WithCancel(ctx)
	d := &downloads{cancel: cancel, arrivals: make(chan *arrival), room: make(chan struct{}, waiting), turns: make(chan struct{}, connections)}
	d.running.Go(func() {
		defer close(d.arrivals)
		for i, o := range objects {
			a := &arrival{object: o, path: filepath.Join(b.staging.log(), fmt.Sprintf("fetch-%d.tmp", i)), done: make(chan error, 1)}
			select {
			case d.room <- struct{}{}:
			case <-ctx.Done():
				return
			}
			d.running.Go(func() { a.done <- b.bring(ctx, a, d.turns) })
			select {
			case d.arrivals <- a:
			case <-ctx.Done():
				return
			}
		}
	})
	return d
}

// use hands the next object's file to read, and removes it.
func (d *downloads) use(ctx context.Context, read func(o object, path string) error) error {
	a, ok := <-d.arrivals
	if !ok {
		return errors.Join(context.Cause(ctx), errors.New("fetch: no object is left"))
	}
	if err := <-a.done; err != nil {
		return err
	}
	err := errors.Join(read(a.object, a.path), os.Remove(a.path))
	<-d.room
	return err
}

// close ends what is still under way.
func (d *downloads) close() {
	d.cancel()
	for range d.arrivals { // whoever hands over sees the end
	}
	d.running.Wait()
}

// bring writes an object to its file.
func (b builder) bring(ctx context.Context, a *arrival, turns chan struct{}) error {
	if err := b.staging.step("fetch " + a.key); err != nil {
		return err
	}
	f, err := os.OpenFile(a.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("fetch %s: %w", a.key, err)
	}
	group, ctx := errgroup.WithContext(ctx)
	for at := int64(0); at < a.size; at += rangeSize {
		group.Go(func() error {
			select {
			case turns <- struct{}{}:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			defer func() { <-turns }()
			return b.bringRange(ctx, f, a.key, at, min(at+rangeSize, a.size))
		})
	}
	return errors.Join(group.Wait(), f.Close())
}

func (b builder) bringRange(ctx context.Context, f *os.File, key string, at, end int64) error {
	r := b.open(ctx, key, at, end)
	defer r.Close()
	if _, err := io.Copy(io.NewOffsetWriter(f, at), r); err != nil {
		var path *os.PathError
		if errors.As(err, &path) {
			return fmt.Errorf("fetch %s: %w", key, err)
		}
		return err
	}
	return nil
}

func (b builder) open(ctx context.Context, key string, at, end int64) *resumed {
	return &resumed{ctx: ctx, bucket: b.archive.bucket, key: key, at: at, end: end, count: b.observe.Fetched}
}

// oneAtATime lets connections tell an observer of what they read.
type oneAtATime struct {
	Observer
	mu *sync.Mutex
}

// Fetched passes on, one call at a time.
func (o oneAtATime) Fetched(n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.Observer.Fetched(n)
}
