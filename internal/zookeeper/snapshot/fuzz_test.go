package snapshot_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/snapshot"
)

func FuzzReaderPlain(f *testing.F)  { fuzzReader(f, zookeeper.Plain) }
func FuzzReaderGzip(f *testing.F)   { fuzzReader(f, zookeeper.Gzip) }
func FuzzReaderSnappy(f *testing.F) { fuzzReader(f, zookeeper.Snappy) }

// fuzzReader checks that any bytes are either a snapshot, whose contents then write and read back the same, or a
// *FormatError that names the file.
func fuzzReader(f *testing.F, c zookeeper.Compression) {
	f.Add(realSnapshots(f)[c])
	for _, trailer := range trailerVariants() {
		f.Add(pack(f, encode(f, small(trailer)), c))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := decode(b, c)
		if err != nil {
			var format *snapshot.FormatError
			if !errors.As(err, &format) || format.Name != "snapshot.5" || format.Offset < 0 {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		again := encode(t, got)
		second, err := decode(again, zookeeper.Plain)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(again, encode(t, second)) {
			t.Fatal("written twice, it differs")
		}
	})
}
