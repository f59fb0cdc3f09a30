package jute

import "github.com/zkark/zkark/internal/zookeeper"

// minACL is the size of the smallest ACL: permissions and two empty strings.
const minACL = 12

// ACLs takes a vector of ACL entries: nil for null, empty but not nil for empty.
func (d *Decoder) ACLs() []zookeeper.ACL {
	n := d.VectorLen(minACL)
	if d.err != nil || n < 0 {
		return nil
	}
	acls := make([]zookeeper.ACL, n)
	for i := range acls {
		acls[i] = zookeeper.ACL{Perms: d.Int32(), Scheme: d.word(), ID: d.word()}
	}
	return acls
}

// word takes a string. Nearly every ACL is world:anyone, and those need no memory of their own.
func (d *Decoder) word() string {
	switch b := d.Buffer(); string(b) {
	case "world":
		return "world"
	case "anyone":
		return "anyone"
	default:
		return string(b)
	}
}

// AppendACLs appends a vector of ACL entries; nil becomes null.
func AppendACLs(b []byte, acls []zookeeper.ACL) []byte {
	if acls == nil {
		return AppendInt32(b, -1)
	}
	b = AppendInt32(b, int32(len(acls)))
	for _, a := range acls {
		b = AppendInt32(b, a.Perms)
		b = AppendString(b, a.Scheme)
		b = AppendString(b, a.ID)
	}
	return b
}
