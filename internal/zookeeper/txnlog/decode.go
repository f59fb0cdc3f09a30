package txnlog

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/jute"
)

// minString and minOp are the sizes of the smallest string and of the smallest operation of a multi.
const (
	minString = 4
	minOp     = 8
)

// Decode interprets the payload. The result shares no memory with it. A payload that does not hold what its
// type says, or that holds more than a body and a digest, is a *FormatError.
func (r Record) Decode() (Txn, error) {
	if len(r.Payload) < minPayload {
		return Txn{}, r.malformed(0, "transaction header", jute.ErrShort)
	}
	t := Txn{Header: parseHeader(r.Payload)}
	d := jute.NewDecoder(r.Payload[minPayload:])
	t.Body = decodeBody(d, t.Type)
	if _, ok := t.Body.(Unknown); ok {
		return t, nil
	}
	if d.Err() == nil {
		t.Digest = decodeDigest(d)
	}
	if err := d.Err(); err != nil {
		return Txn{}, r.malformed(minPayload+d.Offset(), fmt.Sprintf("body of transaction %s of type %d", t.Zxid, t.Type), err)
	}
	if n := d.Remaining(); n != 0 {
		what := fmt.Sprintf("%d bytes too many behind the body of transaction %s of type %d", n, t.Zxid, t.Type)
		return Txn{}, r.malformed(len(r.Payload)-n, what, nil)
	}
	return t, nil
}

func (r Record) malformed(at int, what string, err error) error {
	return &FormatError{Name: r.Name, Offset: r.Offset + prefixSize + int64(at), Reason: what, Err: err}
}

// parseHeader reads the first 32 bytes of a payload.
func parseHeader(p []byte) Header {
	p = p[:minPayload]
	return Header{
		Session: int64(binary.BigEndian.Uint64(p)),
		Cxid:    int32(binary.BigEndian.Uint32(p[8:])),
		Zxid:    zookeeper.Zxid(binary.BigEndian.Uint64(p[12:])),
		Time:    int64(binary.BigEndian.Uint64(p[20:])),
		Type:    Type(binary.BigEndian.Uint32(p[28:])),
	}
}

// decodeDigest takes the digest if exactly its bytes are left.
func decodeDigest(d *jute.Decoder) *Digest {
	if d.Remaining() != digestSize {
		return nil
	}
	return &Digest{Version: d.Int32(), Tree: uint64(d.Int64())}
}

// decodeBody takes the body of a record.
func decodeBody(d *jute.Decoder, t Type) Body {
	switch t {
	case TypeCreate:
		return decodeCreateOrV0(d)
	case TypeSetACL:
		return SetACL{Path: d.String(), ACL: d.ACLs(), Aversion: d.Int32()}
	case TypeReconfig:
		return decodeSetData(d)
	case TypeMulti:
		return decodeMulti(d)
	case TypeCreateSession:
		return CreateSession{Timeout: d.Int32()}
	case TypeCloseSession:
		return decodeCloseSession(d)
	case TypeCheck: // no server accepts it on its own
		return Unknown{Raw: bytes.Clone(d.Rest())}
	}
	return decodeOp(d, t)
}

// decodeOp takes the body of an operation that can be part of a multi (ZooKeeper DataTree.processTxn).
func decodeOp(d *jute.Decoder, t Type) Body {
	switch t {
	case TypeCreate, TypeCreate2, TypeCreateContainer, TypeCreateTTL:
		return decodeCreate(d, t)
	case TypeDelete, TypeDeleteContainer:
		return Delete{Path: d.String()}
	case TypeSetData:
		return decodeSetData(d)
	case TypeCheck:
		return Check{Path: d.String(), Version: d.Int32()}
	case TypeError:
		return Error{Code: d.Int32()}
	}
	return Unknown{Raw: bytes.Clone(d.Rest())}
}

func decodeCreate(d *jute.Decoder, t Type) Create {
	c := Create{Path: d.String(), Data: bytes.Clone(d.Buffer()), ACL: d.ACLs()}
	if t == TypeCreate || t == TypeCreate2 {
		c.Ephemeral = d.Bool()
	}
	c.ParentCversion = d.Int32()
	if t == TypeCreateTTL {
		c.TTL = d.Int64()
	}
	return c
}

// decodeCreateOrV0 takes a create, which before release 3.4 ended after its third field (ZooKeeper CreateTxnV0).
func decodeCreateOrV0(d *jute.Decoder) Create {
	c := Create{Path: d.String(), Data: bytes.Clone(d.Buffer()), ACL: d.ACLs(), Ephemeral: d.Bool()}
	if d.Remaining() == 0 {
		c.V0, c.ParentCversion = true, -1
		return c
	}
	c.ParentCversion = d.Int32()
	return c
}

func decodeSetData(d *jute.Decoder) SetData {
	return SetData{Path: d.String(), Data: bytes.Clone(d.Buffer()), Version: d.Int32()}
}

// decodeMulti takes a vector of operations, each in a buffer of its own which it must fill, unless it is an error.
func decodeMulti(d *jute.Decoder) Multi {
	n := d.VectorLen(minOp)
	if d.Err() != nil || n < 0 {
		return Multi{}
	}
	ops := make([]Op, 0, n)
	for range n {
		t := Type(d.Int32())
		ops = append(ops, Op{Type: t, Body: decodeNested(d, t)})
		if d.Err() != nil {
			return Multi{}
		}
	}
	return Multi{Ops: ops}
}

func decodeNested(d *jute.Decoder, t Type) Body {
	end := d.Offset() + 4
	inner := jute.NewDecoder(d.Buffer())
	body := decodeOp(inner, t)
	if code, ok := body.(Error); ok && inner.Remaining() > 0 {
		body = Error{Code: code.Code, Rest: bytes.Clone(inner.Rest())}
	}
	switch err := inner.Err(); {
	case err != nil:
		d.Fail(fmt.Errorf("operation of type %d at offset %d: %w", t, end, err))
	case inner.Remaining() != 0:
		d.Fail(fmt.Errorf("operation of type %d at offset %d: %d bytes too many", t, end, inner.Remaining()))
	}
	return body
}

// decodeCloseSession tells the three forms apart: nothing, 12 bytes of digest, or a list and maybe a digest. Twelve
// bytes are a list only if they are one exactly. Otherwise they are what stands for a digest, of whatever version: a
// follower with zookeeper.closeSessionTxn.enabled=false takes the first 12 bytes of its leader's list for a digest,
// and logs them (seen on 3.9.5).
func decodeCloseSession(d *jute.Decoder) CloseSession {
	rest := d.Remaining()
	if rest == 0 || rest == digestSize && (d.PeekInt32() == digestLatest || !isPathList(*d)) {
		return CloseSession{}
	}
	return decodePathList(d)
}

// isPathList tells whether what is left in d, which stays as it is, is a list of paths and nothing else.
func isPathList(d jute.Decoder) bool {
	decodePathList(&d)
	return d.Err() == nil && d.Remaining() == 0
}

func decodePathList(d *jute.Decoder) CloseSession {
	n := d.VectorLen(minString)
	if d.Err() != nil || n < 0 {
		return CloseSession{Listed: true}
	}
	paths := make([]string, n)
	for i := range paths {
		paths[i] = d.String()
	}
	return CloseSession{Listed: true, Paths: paths}
}
