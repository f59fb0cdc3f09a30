package txnlog

import "github.com/zkark/zkark/internal/zookeeper/jute"

// Encode returns the payload of t's record: header, body and, where t has one, the digest. It writes what
// Record.Decode read byte for byte. The body's kind decides its form, t.Type is taken as it is; a nil Body
// is an empty one.
func Encode(t Txn) []byte {
	b := appendHeader(make([]byte, 0, 128), t.Header)
	b = appendBody(b, t.Type, t.Body)
	if t.Digest != nil {
		b = jute.AppendInt32(b, t.Digest.Version)
		b = jute.AppendInt64(b, int64(t.Digest.Tree))
	}
	return b
}

func appendHeader(b []byte, h Header) []byte {
	b = jute.AppendInt64(b, h.Session)
	b = jute.AppendInt32(b, h.Cxid)
	b = jute.AppendInt64(b, int64(h.Zxid))
	b = jute.AppendInt64(b, h.Time)
	return jute.AppendInt32(b, int32(h.Type))
}

func appendBody(b []byte, t Type, body Body) []byte {
	switch v := body.(type) {
	case Create:
		return appendCreate(b, t, v)
	case Delete:
		return jute.AppendString(b, v.Path)
	case SetData:
		b = jute.AppendString(b, v.Path)
		b = jute.AppendBuffer(b, v.Data)
		return jute.AppendInt32(b, v.Version)
	case SetACL:
		b = jute.AppendString(b, v.Path)
		b = jute.AppendACLs(b, v.ACL)
		return jute.AppendInt32(b, v.Aversion)
	case Check:
		b = jute.AppendString(b, v.Path)
		return jute.AppendInt32(b, v.Version)
	case Multi:
		return appendMulti(b, v)
	case CreateSession:
		return jute.AppendInt32(b, v.Timeout)
	case CloseSession:
		return appendCloseSession(b, v)
	case Error:
		return append(jute.AppendInt32(b, v.Code), v.Rest...)
	case Unknown:
		return append(b, v.Raw...)
	}
	return b
}

func appendCreate(b []byte, t Type, c Create) []byte {
	b = jute.AppendString(b, c.Path)
	b = jute.AppendBuffer(b, c.Data)
	b = jute.AppendACLs(b, c.ACL)
	if t == TypeCreate || t == TypeCreate2 {
		b = jute.AppendBool(b, c.Ephemeral)
	}
	if c.V0 {
		return b
	}
	b = jute.AppendInt32(b, c.ParentCversion)
	if t == TypeCreateTTL {
		b = jute.AppendInt64(b, c.TTL)
	}
	return b
}

func appendMulti(b []byte, m Multi) []byte {
	if m.Ops == nil {
		return jute.AppendInt32(b, -1)
	}
	b = jute.AppendInt32(b, int32(len(m.Ops)))
	for _, op := range m.Ops {
		b = jute.AppendInt32(b, int32(op.Type))
		if u, ok := op.Body.(Unknown); ok {
			b = jute.AppendBuffer(b, u.Raw)
			continue
		}
		b = jute.AppendBuffer(b, appendBody([]byte{}, op.Type, op.Body))
	}
	return b
}

func appendCloseSession(b []byte, c CloseSession) []byte {
	if !c.Listed {
		return b
	}
	if c.Paths == nil {
		return jute.AppendInt32(b, -1)
	}
	b = jute.AppendInt32(b, int32(len(c.Paths)))
	for _, p := range c.Paths {
		b = jute.AppendString(b, p)
	}
	return b
}
