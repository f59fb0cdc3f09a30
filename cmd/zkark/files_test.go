package main

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/snapshot"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

const session = 0x100003860120000

// writeFiles puts a log, a snapshot in three forms, and an archive object into a directory.
func writeFiles(dir string) error {
	log, err := logBytes()
	if err != nil {
		return err
	}
	snap, err := snapshotBytes()
	if err != nil {
		return err
	}
	object, err := objectBytes(log)
	if err != nil {
		return err
	}
	padded := append(bytes.Clone(log), make([]byte, 4096)...)
	torn := bytes.Clone(padded)
	copy(torn[len(log):], log[16:60]) // a record begun in the reserved space
	wrong := bytes.Clone(log)
	wrong[16+12+20] ^= 1 // in the first record's header
	for name, data := range map[string][]byte{
		"log.100000001": padded, "log.torn": torn, "log.corrupt": wrong, "log.exact": log, "segment.log.zst": object,
		"snapshot.100000007": snap, "snapshot.100000007.gz": gzipped(snap), "snapshot.100000008": append(bytes.Clone(snap), 'x'),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o666); err != nil {
			return err
		}
	}
	return nil
}

func logBytes() ([]byte, error) {
	var b bytes.Buffer
	w, err := txnlog.NewWriter(&b)
	if err != nil {
		return nil, err
	}
	for i, txn := range txns() {
		txn.Session, txn.Cxid, txn.Time = session, int32(i), 1795426634037+int64(i)
		txn.Zxid = zookeeper.MakeZxid(1, uint32(i+1))
		if err := w.Append(txnlog.Encode(txn)); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

func txns() []txnlog.Txn {
	open := []zookeeper.ACL{{Perms: 31, Scheme: "world", ID: "anyone"}}
	create := txnlog.Create{Path: "/a", Data: []byte("hello"), ACL: open, Ephemeral: true, ParentCversion: 1}
	hostile := txnlog.Create{Path: "/\x1b[31mred\u009b\u202e\xff", ACL: open, ParentCversion: 2}
	emoji := txnlog.Create{Path: "/\xed\xa0\xbd\xed\xb8\x80", ACL: open, ParentCversion: 3}
	head := func(t txnlog.Type) txnlog.Header { return txnlog.Header{Type: t} }
	return []txnlog.Txn{
		{Header: head(txnlog.TypeCreateSession), Body: txnlog.CreateSession{Timeout: 30000}},
		{Header: head(txnlog.TypeCreate), Body: create, Digest: &txnlog.Digest{Version: 2, Tree: 0xFEDCBA9876543210}},
		{Header: head(txnlog.TypeCreate), Body: hostile},
		{Header: head(txnlog.TypeCreate2), Body: emoji},
		{Header: head(txnlog.TypeMulti), Body: txnlog.Multi{Ops: []txnlog.Op{
			{Type: txnlog.TypeCheck, Body: txnlog.Check{Path: "/a", Version: 0}},
			{Type: txnlog.TypeSetData, Body: txnlog.SetData{Path: "/a", Data: []byte{}, Version: 1}},
		}}},
		{Header: head(txnlog.TypeError), Body: txnlog.Error{Code: -101}},
		{Header: head(txnlog.TypeCloseSession), Body: txnlog.CloseSession{Listed: true, Paths: []string{"/a"}}},
	}
}

func snapshotBytes() ([]byte, error) {
	var b bytes.Buffer
	acls := []snapshot.ACLEntry{{ID: 1, ACL: []zookeeper.ACL{{Perms: 1, Scheme: "digest", ID: "bob:x"}}}}
	w, err := snapshot.NewWriter(&b, []snapshot.Session{{ID: session, Timeout: 30000}}, acls)
	if err != nil {
		return nil, err
	}
	stat := zookeeper.Stat{Czxid: 0x100000002, Mzxid: 0x100000003, Pzxid: 0x100000002, Ctime: 1795426634037, Mtime: 1795426634038, Version: 3}
	ephemeral := stat
	ephemeral.EphemeralOwner = session
	for _, n := range []snapshot.Node{
		{Path: "", Data: []byte{}, ACL: snapshot.OpenACL},
		{Path: "/a", Data: []byte("hello"), ACL: 1, Stat: stat},
		{Path: "/a/\x1b]0;title\x07", ACL: 7, Stat: ephemeral},
	} {
		if err := w.Write(n); err != nil {
			return nil, err
		}
	}
	err = w.Close(snapshot.Trailer{Digest: &snapshot.Digest{Zxid: 0x100000007, Version: 2, Tree: 0xabcdef}})
	return b.Bytes(), err
}

func objectBytes(log []byte) ([]byte, error) {
	var b bytes.Buffer
	e, err := archive.NewEncoder(&b, archive.Meta{Format: archive.Format, Cluster: "c", Source: 1, File: "log.100000001"})
	if err != nil {
		return nil, err
	}
	if _, err := e.Write(log); err != nil {
		return nil, err
	}
	err = e.Close()
	return b.Bytes(), err
}

func gzipped(data []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(data) // a bytes.Buffer takes everything
	_ = w.Close()
	return b.Bytes()
}
