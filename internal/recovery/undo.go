package recovery

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/zkark/zkark/internal/zookeeper"
)

// undoFormat is the first line's mark.
const undoFormat = "zkark-undo-1"

// undoHeader is the first line of an undo file, and undoLine each other one. Text that ZooKeeper does not promise to be UTF-8 is a
// quoted Go string, so that it comes back byte for byte.
type undoHeader struct {
	Format string `json:"format"`
	Path   string `json:"path"` // quoted: the top of what was recovered
	Count  int    `json:"count"`
}

type undoLine struct {
	Op   Op        `json:"op"`
	Path string    `json:"path"` // quoted
	Was  *undoNode `json:"was,omitempty"`
	Now  *undoNode `json:"now,omitempty"`
}

type undoNode struct {
	Data     []byte    `json:"data"` // null and empty are different
	ACL      []undoACL `json:"acl"`
	Kind     Kind      `json:"kind"`
	TTL      int64     `json:"ttlMillis,omitempty"`
	Version  int32     `json:"version"`
	Aversion int32     `json:"aversion"`
}

type undoACL struct {
	Perms  int32  `json:"perms"`
	Scheme string `json:"scheme"` // quoted
	ID     string `json:"id"`     // quoted
}

// WriteUndo writes a new file, for its owner's eyes only, from which the changes can be undone. When it returns nil the file is
// durable.
func WriteUndo(name string, s Scope, changes []Change) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("write the undo file: %w", err)
	}
	w := bufio.NewWriter(f)
	out := json.NewEncoder(w)
	err = out.Encode(undoHeader{Format: undoFormat, Path: strconv.QuoteToASCII(s.Path), Count: len(changes)})
	for _, c := range changes {
		err = errors.Join(err, out.Encode(lineOf(c)))
	}
	if err = errors.Join(err, w.Flush(), f.Sync(), f.Close(), syncDirectory(filepath.Dir(name))); err != nil {
		return fmt.Errorf("write the undo file: %w", err)
	}
	return nil
}

func syncDirectory(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// ReadUndo reads what WriteUndo wrote, and nothing less.
func ReadUndo(name string) ([]Change, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read the undo file: %w", err)
	}
	defer f.Close()
	in := json.NewDecoder(bufio.NewReader(f))
	var h undoHeader
	if err := in.Decode(&h); err != nil || h.Format != undoFormat {
		return nil, fmt.Errorf("read the undo file %s: it does not begin as one", name)
	}
	var changes []Change
	for {
		var l undoLine
		err := in.Decode(&l)
		if err == io.EOF {
			break
		}
		var c Change
		if err == nil {
			c, err = l.change()
		}
		if err != nil {
			return nil, fmt.Errorf("read the undo file %s at change %d: %w", name, len(changes)+1, err)
		}
		changes = append(changes, c)
	}
	if len(changes) != h.Count {
		return nil, fmt.Errorf("read the undo file %s: it has %d changes of %d", name, len(changes), h.Count)
	}
	return changes, nil
}

// Undo is what has to be changed to undo changes, given the znodes that they name as they are now. A znode that is as it was
// before needs nothing. It fails with *ConflictError for one that is neither as it was nor as the change left it.
func Undo(changes []Change, live Subtree) ([]Change, error) {
	var back []Change
	for _, c := range slices.Backward(changes) {
		have, there := live[c.Path]
		undone, is := c.standing(have, there)
		switch {
		case undone:
			continue
		case !is:
			return nil, &ConflictError{Path: c.Path, Err: errors.New("it is not as the recovery left it")}
		}
		back = append(back, c.inverse(have))
	}
	return back, nil
}

// standing tells whether a znode is as it was before the change, or else as the change left it.
func (c Change) standing(have Node, there bool) (was, now bool) {
	switch c.Op {
	case Create:
		return !there, there && have.Version == 0 && have.Aversion == 0 && have.sameContent(c.Now) && have.sameKind(c.Now)
	case Delete:
		return there && have.sameContent(c.Was), !there
	case SetACL:
		return there && have.sameACL(c.Was), there && have.Aversion == c.Was.Aversion+1 && have.sameACL(c.Now)
	}
	return there && string(have.Data) == string(c.Was.Data), there && have.Version == c.Was.Version+1 && string(have.Data) == string(c.Now.Data)
}

func (c Change) inverse(have Node) Change {
	switch c.Op {
	case Create:
		return Change{Op: Delete, Path: c.Path, Was: have}
	case Delete:
		return Change{Op: Create, Path: c.Path, Now: c.Was}
	}
	return Change{Op: c.Op, Path: c.Path, Was: have, Now: c.Was}
}

func lineOf(c Change) undoLine {
	l := undoLine{Op: c.Op, Path: strconv.QuoteToASCII(c.Path)}
	if c.Op != Create {
		l.Was = undoNodeOf(c.Was)
	}
	if c.Op != Delete {
		l.Now = undoNodeOf(c.Now)
	}
	return l
}

func undoNodeOf(n Node) *undoNode {
	u := &undoNode{Data: n.Data, Kind: n.Kind, TTL: n.TTL.Milliseconds(), Version: n.Version, Aversion: n.Aversion}
	for _, a := range n.ACL {
		u.ACL = append(u.ACL, undoACL{Perms: a.Perms, Scheme: strconv.QuoteToASCII(a.Scheme), ID: strconv.QuoteToASCII(a.ID)})
	}
	return u
}

func (l undoLine) change() (Change, error) {
	c := Change{Op: l.Op}
	if !slices.Contains([]Op{Create, SetData, SetACL, Delete}, l.Op) || (l.Op != Create) != (l.Was != nil) || (l.Op != Delete) != (l.Now != nil) {
		return c, fmt.Errorf("%q is no change with what it needs", l.Op)
	}
	var errs [3]error
	c.Path, errs[0] = strconv.Unquote(l.Path)
	c.Was, errs[1] = l.Was.node(c.Path)
	c.Now, errs[2] = l.Now.node(c.Path)
	if reserved(c.Path) {
		return c, fmt.Errorf("%q is ZooKeeper's own", c.Path)
	}
	return c, errors.Join(errs[:]...)
}

func (u *undoNode) node(p string) (Node, error) {
	if u == nil {
		return Node{}, nil
	}
	n := Node{Path: p, Data: u.Data, Kind: u.Kind, TTL: time.Duration(u.TTL) * time.Millisecond, Version: u.Version, Aversion: u.Aversion}
	for _, a := range u.ACL {
		scheme, err := strconv.Unquote(a.Scheme)
		id, err2 := strconv.Unquote(a.ID)
		if err = errors.Join(err, err2); err != nil {
			return n, fmt.Errorf("the ACL of %q: %w", p, err)
		}
		n.ACL = append(n.ACL, zookeeper.ACL{Perms: a.Perms, Scheme: scheme, ID: id})
	}
	return n, nil
}
