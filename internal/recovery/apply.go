package recovery

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zkark/zkark/internal/zookeeper"
)

// Writer is what Apply needs of a client; a *zk.Conn is one.
type Writer interface {
	Multi(ops ...any) ([]zk.MultiResponse, error)
	SetACL(path string, acl []zk.ACL, version int32) (*zk.Stat, error)
	CreateContainer(path string, data []byte, flags int32, acl []zk.ACL) (string, error)
	CreateTTL(path string, data []byte, flags int32, acl []zk.ACL, ttl time.Duration) (string, error)
}

// ConflictError is returned when a znode is not any more as it was read. Nothing of its batch was applied.
type ConflictError struct {
	Path string // "" when the servers did not say which
	Err  error
}

// Error says what to do.
func (e *ConflictError) Error() string {
	return fmt.Sprintf("%q was changed by another client meanwhile (%v); nothing of its batch was applied: run this again to see what is left", e.Path, e.Err)
}

// Unwrap gives what the server said.
func (e *ConflictError) Unwrap() error { return e.Err }

// Apply makes the batches' changes, one after the other, until one fails, and returns how many changes were made. When the
// connection breaks while a batch is under way, nobody knows whether it was made. It fails with *ConflictError where a
// client was faster.
func Apply(ctx context.Context, to Writer, batches []Batch) (int, error) {
	done := 0
	for _, b := range batches {
		if err := context.Cause(ctx); err != nil {
			return done, err
		}
		if err := b.apply(to); err != nil {
			return done, err
		}
		done += len(b)
	}
	return done, nil
}

func (b Batch) apply(to Writer) error {
	if b[0].single() {
		c := b[0]
		return c.failed(c.applyAlone(to))
	}
	ops := make([]any, len(b))
	for i, c := range b {
		ops[i] = c.op()
	}
	answers, err := to.Multi(ops...)
	if err == nil {
		return nil
	}
	for i, a := range answers {
		if a.Error != nil && i < len(b) {
			return b[i].failed(a.Error)
		}
	}
	return b[0].failed(err)
}

func (c Change) op() any {
	switch c.Op {
	case Create:
		return &zk.CreateRequest{Path: c.Path, Data: c.Now.Data, Acl: acls(c.Now.ACL), Flags: zk.FlagPersistent}
	case SetData:
		return &zk.SetDataRequest{Path: c.Path, Data: c.Now.Data, Version: c.Was.Version}
	}
	return &zk.DeleteRequest{Path: c.Path, Version: c.Was.Version}
}

func (c Change) applyAlone(to Writer) error {
	var err error
	switch {
	case c.Op == SetACL:
		_, err = to.SetACL(c.Path, acls(c.Now.ACL), c.Was.Aversion)
	case c.Now.Kind == Container:
		_, err = to.CreateContainer(c.Path, c.Now.Data, zk.FlagContainer, acls(c.Now.ACL))
	case c.Now.Kind == TTL:
		_, err = to.CreateTTL(c.Path, c.Now.Data, zk.FlagTTL, acls(c.Now.ACL), c.Now.TTL)
	default:
		err = fmt.Errorf("a client cannot make a znode of kind %q", c.Now.Kind)
	}
	return err
}

// failed says which change could not be made, and what that means.
func (c Change) failed(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, zk.ErrBadVersion), errors.Is(err, zk.ErrNodeExists), errors.Is(err, zk.ErrNoNode), errors.Is(err, zk.ErrNotEmpty):
		return &ConflictError{Path: c.Path, Err: err}
	case errors.Is(err, zk.ErrConnectionClosed):
		return fmt.Errorf("%s %q: %w: it may have been done or not; run this again to see what is left", c.Op, c.Path, err)
	}
	err = advise(fmt.Errorf("%s %q: %w", c.Op, c.Path, err))
	switch c.Now.Kind {
	case TTL:
		if c.Op == Create && !errors.Is(err, zk.ErrNoAuth) {
			return fmt.Errorf("%w: servers make TTL znodes only with -Dzookeeper.extendedTypesEnabled=true, from 3.5.3 on", err)
		}
	case Container:
		if c.Op == Create && !errors.Is(err, zk.ErrNoAuth) {
			return fmt.Errorf("%w: servers make containers from 3.5 on", err)
		}
	}
	return err
}

func acls(from []zookeeper.ACL) []zk.ACL {
	to := make([]zk.ACL, len(from))
	for i, a := range from {
		to[i] = zk.ACL{Perms: a.Perms, Scheme: a.Scheme, ID: a.ID}
	}
	return to
}
