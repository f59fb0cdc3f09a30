package txnlog

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestARecordBehindAHoleInTheFileIsFound(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "log.1"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w, err := NewWriter(f)
	if err != nil {
		t.Fatal(err)
	}
	payload := Encode(Txn{Header: Header{Zxid: 1, Type: TypeSetData}, Body: Unknown{Raw: make([]byte, 100)}})
	if err := w.Append(payload); err != nil {
		t.Fatal(err)
	}
	end := w.Offset()
	record := make([]byte, end-headerSize)
	if _, err := f.ReadAt(record, headerSize); err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(64 << 20); err != nil {
		t.Fatal(err)
	}
	if err := NewReaderAt(f, "log.1", end).CheckEnd(); err != nil {
		t.Errorf("a hole up to the end: %v", err)
	}
	for _, at := range []int64{40 << 20, 48<<20 - 3, 64<<20 - 12} { // a block's beginning, the end of a block, the end of the file
		if _, err := f.WriteAt(record, at); err != nil {
			t.Fatal(err)
		}
		var corrupt *CorruptError
		if err := NewReaderAt(f, "log.1", end).CheckEnd(); !errors.As(err, &corrupt) || corrupt.Next != at {
			t.Errorf("a record at %d: %v", at, err)
		}
		if err := f.Truncate(at); err != nil {
			t.Fatal(err)
		}
		if err := f.Truncate(64 << 20); err != nil {
			t.Fatal(err)
		}
	}
}
