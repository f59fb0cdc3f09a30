package snapshot_test

import (
	"fmt"
	"io"
	"runtime"
	"testing"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/snapshot"
)

// heapInTheMiddle streams a snapshot of n nodes through a writer and a reader, and returns what is on the heap, in bytes, when half of it
// has passed.
func heapInTheMiddle(t *testing.T, n int) uint64 {
	t.Helper()
	r, w := io.Pipe()
	written := make(chan error, 1)
	go func() {
		sw, err := snapshot.NewWriter(w, nil, nil)
		data := make([]byte, 500)
		for i := 0; i < n && err == nil; i++ {
			path := fmt.Sprintf("/node-%09d", i)
			if i == 0 {
				path = ""
			}
			err = sw.Write(snapshot.Node{Path: path, Data: data, ACL: snapshot.OpenACL})
		}
		if err == nil {
			err = sw.Close(snapshot.Trailer{})
		}
		w.CloseWithError(err)
		written <- err
	}()
	sr, err := snapshot.NewReader(r, "snapshot.1", zookeeper.Plain)
	if err != nil {
		t.Fatal(err)
	}
	var stats runtime.MemStats
	for i := range n {
		if _, err := sr.Next(); err != nil {
			t.Fatal(err)
		}
		if i == n/2 {
			runtime.GC()
			runtime.ReadMemStats(&stats)
		}
	}
	if _, err := sr.Next(); err != io.EOF {
		t.Fatal(err)
	}
	if err := <-written; err != nil {
		t.Fatal(err)
	}
	return stats.HeapAlloc
}

// A snapshot of millions of nodes passes through the memory that one of thousands takes.
func TestMemoryDoesNotGrowWithTheNumberOfNodes(t *testing.T) {
	small, large := heapInTheMiddle(t, 1000), heapInTheMiddle(t, 300_000)
	if large > small+1<<20 {
		t.Errorf("%d bytes for 1000 nodes, and %d for 300,000", small, large)
	}
}
