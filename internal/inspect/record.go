package inspect

import (
	"encoding/binary"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

// record is one transaction of a log, as JSON shows it. The first fields are always there; path and digest are null where
// the transaction has none.
type record struct {
	Kind    string         `json:"kind"` // "record"
	File    string         `json:"file"`
	Offset  int64          `json:"offset"`
	Zxid    zookeeper.Zxid `json:"zxid"`
	Type    string         `json:"type"`
	Time    string         `json:"time"`
	Session string         `json:"session"`
	Cxid    int32          `json:"cxid"`
	Digest  *string        `json:"digest"`
	// How the digest was computed; 2 in every release so far.
	DigestVersion *int32 `json:"digestVersion,omitempty"`
	operation
	Problem string `json:"problem,omitempty"` // why the rest could not be decoded
}

// operation is what a transaction, or one part of a multi, does.
type operation struct {
	Path           *string    `json:"path"`
	PathBytes      []byte     `json:"pathBytes,omitempty"` // where path had to be escaped
	Size           *int       `json:"size,omitempty"`      // bytes of data; none for null data
	Version        *int32     `json:"version,omitempty"`   // of the data afterwards; of the ACL for setACL; the expected one for check
	ACL            []aclEntry `json:"acl,omitempty"`
	Ephemeral      bool       `json:"ephemeral,omitempty"`
	TTL            *int64     `json:"ttl,omitempty"` // milliseconds
	ParentCversion *int32     `json:"parentCversion,omitempty"`
	Timeout        *int32     `json:"timeout,omitempty"` // milliseconds
	Paths          []string   `json:"paths,omitempty"`   // ephemeral nodes that a session takes with it
	Error          *int32     `json:"error,omitempty"`
	ErrorName      string     `json:"errorName,omitempty"`
	Ops            []part     `json:"ops,omitempty"`
	Raw            []byte     `json:"raw,omitempty"` // everything after the header, of an unknown type
}

// part is one operation of a multi.
type part struct {
	Type string `json:"type"`
	operation
}

func newRecord(file string, rec txnlog.Record) (record, error) {
	r := record{
		Kind: "record", File: file, Offset: rec.Offset,
		Zxid: rec.Zxid, Type: rec.Type.String(), Time: stamp(rec.Time), Session: hex64(uint64(rec.Session)), Cxid: rec.Cxid,
	}
	txn, err := rec.Decode()
	if err != nil {
		r.Problem = escaped(err.Error())
		return r, err
	}
	r.operation = newOperation(txn.Body)
	if txn.Digest != nil {
		r.Digest, r.DigestVersion = new(hex64(txn.Digest.Tree)), &txn.Digest.Version
	}
	return r, nil
}

func newOperation(body txnlog.Body) operation {
	var o operation
	switch b := body.(type) {
	case txnlog.Create:
		o = newCreate(b)
	case txnlog.Delete:
		o.setPath(b.Path)
	case txnlog.SetData:
		o.setPath(b.Path)
		o.setData(b.Data)
		o.Version = &b.Version
	case txnlog.SetACL:
		o.setPath(b.Path)
		o.ACL, o.Version = aclEntries(b.ACL), &b.Aversion
	case txnlog.Check:
		o.setPath(b.Path)
		o.Version = &b.Version
	case txnlog.Multi:
		o.Ops = newParts(b.Ops)
	case txnlog.CreateSession:
		o.Timeout = &b.Timeout
	case txnlog.CloseSession:
		o.Paths = escapedAll(b.Paths)
	case txnlog.Error:
		o = newError(b)
	case txnlog.Unknown:
		o.Raw = b.Raw
	}
	return o
}

// newError tells the code, or the bytes where they are of an operation that was no error.
func newError(b txnlog.Error) operation {
	if b.Rest != nil {
		return operation{Raw: append(binary.BigEndian.AppendUint32(nil, uint32(b.Code)), b.Rest...)}
	}
	return operation{Error: &b.Code, ErrorName: errorName(b.Code)}
}

func newCreate(b txnlog.Create) operation {
	o := operation{ACL: aclEntries(b.ACL), Ephemeral: b.Ephemeral}
	o.setPath(b.Path)
	o.setData(b.Data)
	if b.TTL != 0 {
		o.TTL = &b.TTL
	}
	if !b.V0 {
		o.ParentCversion = &b.ParentCversion
	}
	return o
}

func newParts(ops []txnlog.Op) []part {
	parts := make([]part, len(ops))
	for i, op := range ops {
		parts[i] = part{Type: op.Type.String(), operation: newOperation(op.Body)}
	}
	return parts
}

func (o *operation) setPath(path string) {
	o.Path = new(escaped(path))
	if !utf8.ValidString(path) {
		o.PathBytes = []byte(path)
	}
}

func (o *operation) setData(data []byte) {
	if data != nil {
		o.Size = new(len(data))
	}
}

func escapedAll(paths []string) []string {
	all := make([]string, len(paths))
	for i, p := range paths {
		all[i] = escaped(p)
	}
	return all
}

// details is what a table shows of an operation, its path first.
func (o operation) details() string {
	var words []string
	say := func(there bool, parts ...string) {
		if there {
			words = append(words, strings.Join(parts, ""))
		}
	}
	if o.Path != nil {
		words = append(words, word(*o.Path))
	}
	if o.Version != nil {
		words = append(words, "version="+strconv.Itoa(int(*o.Version)))
	}
	say(o.Ephemeral, "ephemeral")
	if o.TTL != nil {
		words = append(words, "ttl="+strconv.FormatInt(*o.TTL, 10)+"ms")
	}
	if o.Timeout != nil {
		words = append(words, "timeout="+strconv.Itoa(int(*o.Timeout))+"ms")
	}
	if o.Error != nil {
		words = append(words, "error="+strconv.Itoa(int(*o.Error)))
		say(o.ErrorName != "", o.ErrorName)
	}
	say(len(o.ACL) > 0, "acl=", aclWords(o.ACL))
	for _, p := range o.Paths {
		words = append(words, word(p))
	}
	say(len(o.Raw) > 0, strconv.Itoa(len(o.Raw)), " bytes of an unknown form")
	say(len(o.Ops) > 0, strconv.Itoa(len(o.Ops)), " operations")
	if len(words) == 0 {
		return "-"
	}
	return strings.Join(words, " ")
}

// dataSize is the size column of a table.
func (o operation) dataSize() string {
	if o.Size == nil {
		return "-"
	}
	return strconv.Itoa(*o.Size)
}
