package txnlog

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
)

// FuzzReader reads arbitrary bytes as a log file: every record it returns is good, the reader makes progress,
// and what stops it names file and offset.
func FuzzReader(f *testing.F) {
	data, offsets := file(f, sets(4)...)
	f.Add(data)
	f.Add(data[:offsets[2]+20])
	f.Add(append(bytes.Clone(data[:offsets[2]]), make([]byte, 100)...))
	damaged := bytes.Clone(data)
	damaged[offsets[1]+40] ^= 1
	f.Add(damaged)
	if real, err := os.ReadFile("testdata/log.1"); err == nil {
		f.Add(real)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r := NewReader(bytes.NewReader(data), testName)
		for {
			at := r.Offset()
			rec, err := r.Next()
			if err != nil {
				checkStop(t, err)
				break
			}
			if rec.Offset != at || r.Offset() != at+rec.Size() || !bytes.Equal(rec.Payload, data[at+prefixSize:at+rec.Size()-1]) {
				t.Fatalf("record at %d, then at %d: %+v", at, r.Offset(), rec)
			}
		}
		if err := r.CheckEnd(); err != nil {
			checkStop(t, err)
		}
	})
}

// checkStop accepts io.EOF and the three errors, and only if they say where.
func checkStop(t *testing.T, err error) {
	t.Helper()
	var torn *TornError
	var corrupt *CorruptError
	var format *FormatError
	switch {
	case err == io.EOF:
		return
	case errors.As(err, &torn), errors.As(err, &corrupt), errors.As(err, &format):
	default:
		t.Fatalf("untyped error %v", err)
	}
	if !strings.Contains(err.Error(), testName+" at offset ") {
		t.Fatalf("%v: want file and offset", err)
	}
}

// FuzzDecode decodes arbitrary payloads: what decodes can be encoded and decoded to the same again, what does
// not says where, and neither takes much more memory than the payload.
func FuzzDecode(f *testing.F) {
	for _, golden := range goldenBodies() {
		f.Add(unhex(f, header32(golden.typ)+golden.body))
		f.Add(unhex(f, header32(golden.typ)+golden.body+digest12))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		txn, err := decode(payload)
		if err != nil {
			checkStop(t, err)
			return
		}
		// Booleans other than 1 and null strings decode to what ZooKeeper makes of them and encode as it does,
		// so the bytes may differ, but never the meaning.
		again := Encode(txn)
		twice, err := decode(again)
		if err != nil {
			t.Fatalf("%+v encoded to %x: %v", txn, again, err)
		}
		if fmt.Sprintf("%#v", twice.Body) != fmt.Sprintf("%#v", txn.Body) || twice.Header != txn.Header {
			t.Fatalf("decoded %#v, then %#v", txn, twice)
		}
		if !bytes.Equal(Encode(twice), again) {
			t.Fatalf("%x encoded again to %x", again, Encode(twice))
		}
	})
}

func TestDecodeAllocatesNoMoreThanAFewTimesThePayload(t *testing.T) {
	for name, forged := range map[string]string{
		"multi":        header32("0000000e") + "7fffffff",
		"closeSession": header32("fffffff5") + "7fffffff",
		"ACL":          header32("00000007") + "00000002 2f61 7fffffff",
		"data":         header32("00000005") + "00000002 2f61 7fffffff",
		"path":         header32("00000002") + "7fffffff",
	} {
		payload := append(unhex(t, forged), make([]byte, 1000)...)
		got := allocated(func() {
			if _, err := decode(payload); err == nil {
				t.Errorf("%s: decoded", name)
			}
		})
		if got > 8*uint64(len(payload)) {
			t.Errorf("%s: a payload of %d bytes took %d bytes", name, len(payload), got)
		}
	}
}
