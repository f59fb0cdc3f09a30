package loop

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"sync"

	"github.com/go-zookeeper/zk"
	"golang.org/x/sync/errgroup"
)

// Znode is all that a client can know of one.
type Znode struct {
	Data []byte
	Stat zk.Stat
	ACL  []zk.ACL
}

// ReadAll reads every znode that the server has, by path. Nothing may write meanwhile.
func ReadAll(ctx context.Context, conn *zk.Conn) (map[string]Znode, error) {
	all := make(map[string]Znode)
	level := []string{"/"}
	for len(level) > 0 {
		next, err := readLevel(ctx, conn, level, all)
		if err != nil {
			return nil, err
		}
		level = next
	}
	return all, nil
}

// readLevel adds the znodes of some paths and returns the paths of their children.
func readLevel(ctx context.Context, conn *zk.Conn, paths []string, all map[string]Znode) ([]string, error) {
	var mu sync.Mutex // guards all and next
	var next []string
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(32)
	for _, p := range paths {
		group.Go(func() error {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			node, children, err := readOne(conn, p)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			all[p] = node
			for _, c := range children {
				next = append(next, path.Join(p, c))
			}
			return nil
		})
	}
	return next, group.Wait()
}

func readOne(conn *zk.Conn, p string) (Znode, []string, error) {
	data, stat, err := conn.Get(p)
	if err != nil {
		return Znode{}, nil, fmt.Errorf("read %s: %w", p, err)
	}
	acl, _, err := conn.GetACL(p)
	if err != nil {
		return Znode{}, nil, fmt.Errorf("read the ACL of %s: %w", p, err)
	}
	children, _, err := conn.Children(p)
	if err != nil {
		return Znode{}, nil, fmt.Errorf("read the children of %s: %w", p, err)
	}
	return Znode{Data: data, Stat: *stat, ACL: acl}, children, nil
}

// Differences says, in a sentence each, what is not the same in two trees; none when they are equal.
func Differences(before, after map[string]Znode) []string {
	var found []string
	for _, p := range slices.Sorted(maps.Keys(before)) {
		got, ok := after[p]
		if !ok {
			found = append(found, p+" is gone")
			continue
		}
		found = append(found, difference(p, before[p], got)...)
	}
	for _, p := range slices.Sorted(maps.Keys(after)) {
		if _, ok := before[p]; !ok {
			found = append(found, p+" was not there before")
		}
	}
	return found
}

func difference(p string, want, got Znode) []string {
	var found []string
	if !bytes.Equal(want.Data, got.Data) {
		found = append(found, fmt.Sprintf("%s: the data was %.80q and is %.80q", p, want.Data, got.Data))
	}
	if want.Stat != got.Stat {
		found = append(found, fmt.Sprintf("%s: the stat was %+v and is %+v", p, want.Stat, got.Stat))
	}
	if !slices.Equal(want.ACL, got.ACL) {
		found = append(found, fmt.Sprintf("%s: the ACL was %v and is %v", p, want.ACL, got.ACL))
	}
	return found
}
