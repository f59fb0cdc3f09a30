package recovery

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"sync"

	"github.com/go-zookeeper/zk"
	"golang.org/x/sync/errgroup"

	"github.com/zkark/zkark/internal/zookeeper"
)

// Reader is what Read needs of a client; a *zk.Conn is one. It is called from several goroutines.
type Reader interface {
	Get(path string) ([]byte, *zk.Stat, error)
	GetACL(path string) ([]zk.ACL, *zk.Stat, error)
	Children(path string) ([]string, *zk.Stat, error)
}

const readers = 16 // requests under way

// Read reads the scope, and those of its ancestors that exist, from the servers.
func Read(ctx context.Context, from Reader, s Scope) (Subtree, error) {
	r := &reading{from: from, found: Subtree{}}
	if _, err := r.level(ctx, append(s.ancestors(), s.Path)); err != nil {
		return nil, err
	}
	if _, ok := r.found[s.Path]; !ok || s.Only {
		return r.found, nil
	}
	for level := []string{s.Path}; len(level) > 0; {
		children, err := r.children(ctx, level, s)
		if err != nil {
			return nil, err
		}
		if level, err = r.level(ctx, children); err != nil {
			return nil, err
		}
	}
	return r.found, nil
}

type reading struct {
	from  Reader
	mu    sync.Mutex // guards found
	found Subtree
}

// level reads znodes and returns those that can have children.
func (r *reading) level(ctx context.Context, paths []string) ([]string, error) {
	var parents []string
	err := each(ctx, paths, func(p string) error {
		n, err := readNode(r.from, p)
		if errors.Is(err, zk.ErrNoNode) {
			return nil
		}
		if err != nil {
			return advise(fmt.Errorf("read %q: %w", p, err))
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.found[p] = n
		if n.Kind != Ephemeral {
			parents = append(parents, p)
		}
		return nil
	})
	return parents, err
}

func (r *reading) children(ctx context.Context, parents []string, s Scope) ([]string, error) {
	var all []string
	err := each(ctx, parents, func(p string) error {
		names, _, err := r.from.Children(p)
		if errors.Is(err, zk.ErrNoNode) {
			return nil
		}
		if err != nil {
			return advise(fmt.Errorf("read the children of %q: %w", p, err))
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, name := range names {
			if child := path.Join(p, name); s.holds(child) {
				all = append(all, child)
			}
		}
		return nil
	})
	return all, err
}

func each(ctx context.Context, paths []string, do func(string) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(readers)
	for _, p := range paths {
		group.Go(func() error {
			if err := context.Cause(ctx); err != nil {
				return err
			}
			return do(p)
		})
	}
	return group.Wait()
}

func readNode(from Reader, p string) (Node, error) {
	data, stat, err := from.Get(p)
	if err != nil {
		return Node{}, err
	}
	acl, _, err := from.GetACL(p)
	if err != nil {
		return Node{}, fmt.Errorf("its ACL: %w", err)
	}
	n := Node{Path: p, Data: data, Version: stat.Version, Aversion: stat.Aversion}
	if n.Kind, n.TTL = kindOf(stat.EphemeralOwner); n.Kind == Persistent {
		n.Kind = Lasting
	}
	for _, a := range acl {
		n.ACL = append(n.ACL, zookeeper.ACL{Perms: a.Perms, Scheme: a.Scheme, ID: a.ID})
		n.Masked = n.Masked || a.Scheme == "digest" && strings.HasSuffix(a.ID, ":x") // ZOOKEEPER-1392
	}
	return n, nil
}

// advise says what to do about errors that a person can mend.
func advise(err error) error {
	switch {
	case errors.Is(err, zk.ErrNoAuth):
		return fmt.Errorf("%w: give --zk-auth-file with an identity that has the right, such as the ensemble's superuser", err)
	case errors.Is(err, zk.ErrInvalidACL):
		return fmt.Errorf("%w: the servers take only ACLs of schemes that they are configured for", err)
	}
	return err
}

// ReadPaths reads the znodes of some changes, those that exist.
func ReadPaths(ctx context.Context, from Reader, changes []Change) (Subtree, error) {
	r := &reading{from: from, found: Subtree{}}
	seen := map[string]bool{}
	var paths []string
	for _, c := range changes {
		if !seen[c.Path] {
			paths = append(paths, c.Path)
		}
		seen[c.Path] = true
	}
	_, err := r.level(ctx, paths)
	return r.found, err
}
