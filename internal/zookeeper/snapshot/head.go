package snapshot

import "github.com/zkark/zkark/internal/zookeeper"

// head takes everything before the nodes. Lists grow with what is really there, whatever their counts say.
func (r *Reader) head() error {
	if err := r.header(); err != nil {
		return err
	}
	if err := r.sessionList(); err != nil {
		return err
	}
	return r.aclTable()
}

// header checks the magic. ZooKeeper does not look at the version and the database id behind it, nor do we:
// the seal tells whether the rest is what we take it for.
func (r *Reader) header() error {
	err := r.w.want(headerSize)
	seen := r.w.buf[r.w.off:min(r.w.end, r.w.off+len(magic))]
	if string(seen) != magic[:len(seen)] {
		return r.wrong(0, "% x is not the magic of a snapshot", seen)
	}
	if err != nil {
		return err
	}
	_, err = r.w.take(headerSize)
	return err
}

func (r *Reader) sessionList() error {
	n, err := r.length("session list")
	if err != nil {
		return err
	}
	for range n {
		var s Session
		if s.ID, err = r.w.int64(); err != nil {
			return err
		}
		if s.Timeout, err = r.w.int32(); err != nil {
			return err
		}
		r.sessions = append(r.sessions, s)
	}
	return nil
}

func (r *Reader) aclTable() error {
	n, err := r.length("ACL table")
	if err != nil {
		return err
	}
	for range n {
		var e ACLEntry
		if e.ID, err = r.w.int64(); err != nil {
			return err
		}
		if e.ACL, err = r.aclList(); err != nil {
			return err
		}
		r.acls = append(r.acls, e)
	}
	return nil
}

// aclList takes one list of the table: nil for null, empty but not nil for empty.
func (r *Reader) aclList() ([]zookeeper.ACL, error) {
	at := r.w.offset()
	n, err := r.w.int32()
	if err != nil || n == -1 {
		return nil, err
	}
	if n < -1 {
		return nil, r.wrong(at, "ACL has length %d", n)
	}
	list := []zookeeper.ACL{}
	for range n {
		var a zookeeper.ACL
		if a.Perms, err = r.w.int32(); err != nil {
			return nil, err
		}
		if a.Scheme, err = r.text("ACL scheme"); err != nil {
			return nil, err
		}
		if a.ID, err = r.text("ACL id"); err != nil {
			return nil, err
		}
		list = append(list, a)
	}
	return list, nil
}

// text takes a string.
func (r *Reader) text(what string) (string, error) {
	n, err := r.length(what)
	if err != nil {
		return "", err
	}
	b, err := r.w.take(n)
	return string(b), err
}
