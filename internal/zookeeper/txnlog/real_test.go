package txnlog

import (
	"bytes"
	"io"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zkark/zkark/internal/zookeeper"
)

// testdata/log.1 was written by ZooKeeper 3.8.0, standalone with extendedTypesEnabled, and cut behind its last
// record. A client created nodes of every mode, set data and ACLs, ran a multi that worked and one that failed, made two
// failing requests, and closed its session; a second session opened and closed.
func TestARealLogIsReadAndWrittenAgainByteForByte(t *testing.T) {
	data, err := os.ReadFile("testdata/log.1")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w, err := NewWriter(&out)
	if err != nil {
		t.Fatal(err)
	}
	var types []Type
	var bodies []Body
	r := NewReader(bytes.NewReader(data), "log.1")
	for {
		rec, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		txn, err := rec.Decode()
		if err != nil {
			t.Fatal(err)
		}
		if want := zookeeper.Zxid(len(types) + 1); txn.Zxid != want {
			t.Errorf("zxid %s; want %s", txn.Zxid, want)
		}
		if txn.Digest == nil != (txn.Type == TypeError) {
			t.Errorf("%s of type %d: digest %v", txn.Zxid, txn.Type, txn.Digest)
		}
		types, bodies = append(types, txn.Type), append(bodies, txn.Body)
		if err := w.Append(Encode(txn)); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(out.Bytes(), data) {
		t.Error("decoded and encoded again, the file differs")
	}
	want := []Type{TypeCreateSession, TypeCreate, TypeCreate, TypeCreate, TypeCreate2, TypeCreateContainer,
		TypeCreate2, TypeCreateTTL, TypeSetData, TypeSetACL, TypeMulti, TypeMulti, TypeError, TypeError, TypeDelete,
		TypeCloseSession, TypeCreateSession, TypeCloseSession}
	if diff := cmp.Diff(want, types); diff != "" {
		t.Fatalf("types (-want +got):\n%s", diff)
	}
	failed := Multi{Ops: []Op{
		{Type: TypeDelete, Body: Delete{Path: "/c/x"}},
		{Type: TypeError, Body: Error{Code: -101}},
		{Type: TypeError, Body: Error{Code: -2}},
	}}
	if diff := cmp.Diff(Body(failed), bodies[11]); diff != "" {
		t.Errorf("the failed multi (-want +got):\n%s", diff)
	}
	if c := bodies[15].(CloseSession); !c.Listed || len(c.Paths) != 2 {
		t.Errorf("closeSession with two ephemeral nodes: %+v", c)
	}
}

// testdata/log.failed-group was written by the leader of three ZooKeeper 3.8.0 servers under load, and cut behind a multi that failed. It
// had been applied before it was logged.
func TestAFailedGroupOfARealLeaderIsReadAndWrittenAgainByteForByte(t *testing.T) {
	data, err := os.ReadFile("testdata/log.failed-group")
	if err != nil {
		t.Fatal(err)
	}
	r := NewReader(bytes.NewReader(data), "log.failed-group")
	var last Txn
	for {
		rec, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if last, err = rec.Decode(); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(Encode(last), rec.Payload) {
			t.Errorf("decoded and encoded again, %s differs", last.Zxid)
		}
	}
	create := Create{Path: "/under-load/2-000000-never", ACL: []zookeeper.ACL{{Perms: 31, Scheme: "world", ID: "anyone"}}, ParentCversion: 6}
	body := appendCreate(nil, TypeCreate, create)
	want := Multi{Ops: []Op{
		{Type: TypeError, Body: Error{Code: int32(len(create.Path)), Rest: body[4:]}},
		{Type: TypeError, Body: Error{Code: -101}},
	}}
	if diff := cmp.Diff(Body(want), last.Body); diff != "" {
		t.Errorf("the failed group (-want +got):\n%s", diff)
	}
}
