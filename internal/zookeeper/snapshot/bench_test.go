package snapshot_test

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/snapshot"
)

// BenchmarkRead reads a million nodes of 100 bytes.
func BenchmarkRead(b *testing.B) {
	const nodes = 1_000_000
	var file bytes.Buffer
	w, err := snapshot.NewWriter(&file, nil, nil)
	if err != nil {
		b.Fatal(err)
	}
	data := bytes.Repeat([]byte("x"), 100)
	for i := range nodes {
		n := snapshot.Node{Path: fmt.Sprintf("/group-%03d/node-%09d", i/1000, i), Data: data, ACL: snapshot.OpenACL}
		if i == 0 {
			n.Path = ""
		}
		if err := w.Write(n); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Close(snapshot.Trailer{}); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(file.Len()))
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		readAll(b, file.Bytes(), nodes)
	}
}

func readAll(b *testing.B, file []byte, want int) {
	r, err := snapshot.NewReader(bytes.NewReader(file), "snapshot.1", zookeeper.Plain)
	if err != nil {
		b.Fatal(err)
	}
	for n := 0; ; n++ {
		if _, err := r.Next(); err == io.EOF && n == want {
			return
		} else if err != nil {
			b.Fatalf("after %d nodes: %v", n, err)
		}
	}
}
