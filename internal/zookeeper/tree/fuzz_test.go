package tree_test

import (
	"io"
	"testing"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/snapshot"
	"github.com/zkark/zkark/internal/zookeeper/tree"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

// FuzzApply applies arbitrary payloads one after the other. Whatever happens, the digest must be the sum of
// what is there, which loading the written tree computes afresh.
func FuzzApply(f *testing.F) {
	header := txnlog.Header{Session: 7, Zxid: 9, Type: txnlog.TypeCreate}
	create := txnlog.Encode(txnlog.Txn{Header: header, Body: txnlog.Create{Path: "/a", Ephemeral: true, ParentCversion: 1}})
	header.Type = txnlog.TypeCloseSession
	f.Add(create, txnlog.Encode(txnlog.Txn{Header: header, Body: txnlog.CloseSession{Listed: true, Paths: []string{"/zookeeper"}}}))
	header.Type = txnlog.TypeDelete
	f.Add(create, txnlog.Encode(txnlog.Txn{Header: header, Body: txnlog.Delete{Path: "/zookeeper"}}))
	header.Type = txnlog.TypeSetACL
	acl := []zookeeper.ACL{{Perms: 1, Scheme: "x"}}
	f.Add(create, txnlog.Encode(txnlog.Txn{Header: header, Body: txnlog.SetACL{Path: "/", ACL: acl}}))
	f.Fuzz(func(t *testing.T, first, second []byte) {
		grown := tree.New()
		for _, payload := range [][]byte{first, second} {
			txn, err := txnlog.Record{Payload: payload}.Decode()
			if err != nil {
				return
			}
			if grown.Apply(txn) != nil {
				return
			}
		}
		r, w := io.Pipe()
		go func() { w.CloseWithError(grown.WriteSnapshot(w, snapshot.Trailer{})) }()
		defer r.Close()
		src, err := snapshot.NewReader(r, "snapshot.9", zookeeper.Plain)
		if err != nil {
			t.Fatal(err)
		}
		loaded, err := tree.Load(src, grown.LastZxid())
		if err != nil {
			t.Fatal(err)
		}
		if loaded.Digests() != grown.Digests() || loaded.Len() != grown.Len() {
			t.Fatalf("%d nodes with digest %d, written and loaded %d with %d",
				grown.Len(), grown.Digest(), loaded.Len(), loaded.Digest())
		}
	})
}
