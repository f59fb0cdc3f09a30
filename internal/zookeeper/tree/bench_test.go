package tree_test

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"testing"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/snapshot"
	"github.com/zkark/zkark/internal/zookeeper/tree"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

// BenchmarkReplay reads, decodes and applies a log of small transactions and takes the digest after each.
func BenchmarkReplay(b *testing.B) {
	const txns = 200_000
	log := benchLog(b, txns)
	b.SetBytes(int64(len(log)))
	for b.Loop() {
		t := tree.New()
		r := txnlog.NewReader(bytes.NewReader(log), "log.1")
		var digests uint64
		for {
			rec, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
			txn, err := rec.Decode()
			if err != nil {
				b.Fatal(err)
			}
			if err := t.Apply(txn); err != nil {
				b.Fatal(err)
			}
			digests += t.Digest()
		}
		if t.LastZxid() != txns || digests == 0 {
			b.Fatalf("replayed up to %s", t.LastZxid())
		}
	}
	b.ReportMetric(float64(txns)*float64(b.N)/b.Elapsed().Seconds(), "txns/s")
}

// benchLog is a log of creates, updates and deletes in equal parts over a tree that grows to 50,000 nodes.
func benchLog(b *testing.B, txns int) []byte {
	var file bytes.Buffer
	w, err := txnlog.NewWriter(&file)
	if err != nil {
		b.Fatal(err)
	}
	acl := []zookeeper.ACL{{Perms: 31, Scheme: "world", ID: "anyone"}}
	data := bytes.Repeat([]byte("x"), 50)
	for i := range txns {
		h := txnlog.Header{Session: 1 << 56, Cxid: int32(i), Zxid: zookeeper.Zxid(i + 1), Time: 1_700_000_000_000 + int64(i)}
		t := txnlog.Txn{Header: h, Digest: &txnlog.Digest{Version: 2, Tree: uint64(i)}}
		switch node := fmt.Sprintf("/node-%010d", i/4*2); i % 4 {
		case 0:
			t.Type, t.Body = txnlog.TypeCreate, txnlog.Create{Path: node, Data: data, ACL: acl, ParentCversion: int32(i)}
		case 1:
			t.Type, t.Body = txnlog.TypeCreate2, txnlog.Create{Path: node + "-b", Data: data, ACL: acl, ParentCversion: int32(i)}
		case 2:
			t.Type, t.Body = txnlog.TypeSetData, txnlog.SetData{Path: node, Data: data, Version: 1}
		case 3:
			t.Type, t.Body = txnlog.TypeDelete, txnlog.Delete{Path: node + "-b"}
		}
		if err := w.Append(txnlog.Encode(t)); err != nil {
			b.Fatal(err)
		}
	}
	return file.Bytes()
}

// BenchmarkLoadSnapshot loads a snapshot of a million nodes with 100 bytes each, and reports what they take:
// live once loaded, and the largest heap meanwhile, garbage included.
func BenchmarkLoadSnapshot(b *testing.B) {
	const nodes = 1_000_000
	file := benchSnapshot(b, nodes)
	b.SetBytes(int64(len(file)))
	var before, after runtime.MemStats
	var live, peak uint64
	for b.Loop() {
		b.StopTimer()
		runtime.GC()
		runtime.ReadMemStats(&before)
		b.StartTimer()
		t, err := tree.Load(open(b, file), 0x10)
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		runtime.ReadMemStats(&after)
		peak = after.HeapSys - after.HeapReleased
		runtime.GC()
		runtime.ReadMemStats(&after)
		live = after.HeapAlloc - before.HeapAlloc
		if t.Len() < nodes {
			b.Fatalf("%d nodes were loaded", t.Len())
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(live)/(1<<20), "MiB-live")
	b.ReportMetric(float64(peak)/(1<<20), "MiB-heap")
	b.ReportMetric(float64(nodes)*float64(b.N)/b.Elapsed().Seconds(), "nodes/s")
}

func benchSnapshot(b *testing.B, nodes int) []byte {
	var file bytes.Buffer
	w, err := snapshot.NewWriter(&file, nil, nil)
	if err != nil {
		b.Fatal(err)
	}
	add := func(path string, data []byte) {
		stat := zookeeper.Stat{Czxid: 1, Mzxid: 1, Pzxid: 1, Ctime: 1_700_000_000_000, Mtime: 1_700_000_000_000}
		if err := w.Write(snapshot.Node{Path: path, Data: data, ACL: snapshot.OpenACL, Stat: stat}); err != nil {
			b.Fatal(err)
		}
	}
	data := bytes.Repeat([]byte("x"), 100)
	add("", nil)
	for i := range nodes / 1000 {
		parent := fmt.Sprintf("/service-%04d", i)
		add(parent, nil)
		for j := range 999 {
			add(fmt.Sprintf("%s/instance-%010d", parent, j), data)
		}
	}
	if err := w.Close(snapshot.Trailer{}); err != nil {
		b.Fatal(err)
	}
	return file.Bytes()
}
