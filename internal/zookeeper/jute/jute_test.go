package jute

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zkark/zkark/internal/zookeeper"
	"pgregory.net/rapid"
)

func TestValuesAreLaidOutAsZooKeeperDoes(t *testing.T) {
	var b []byte
	b = AppendBool(b, true)
	b = AppendBool(b, false)
	b = AppendInt32(b, -2)
	b = AppendInt64(b, math.MinInt64)
	b = AppendBuffer(b, nil)
	b = AppendBuffer(b, []byte{})
	b = AppendBuffer(b, []byte{7})
	b = AppendString(b, "/a")
	b = AppendACLs(b, nil)
	b = AppendACLs(b, []zookeeper.ACL{{Perms: 31, Scheme: "s", ID: ""}})
	want := "\x01\x00" + "\xff\xff\xff\xfe" + "\x80\x00\x00\x00\x00\x00\x00\x00" + "\xff\xff\xff\xff" + "\x00\x00\x00\x00" +
		"\x00\x00\x00\x01\x07" + "\x00\x00\x00\x02/a" + "\xff\xff\xff\xff" + "\x00\x00\x00\x01\x00\x00\x00\x1f\x00\x00\x00\x01s\x00\x00\x00\x00"
	if string(b) != want {
		t.Errorf("got  %x\nwant %x", b, want)
	}
}

func TestWhatIsAppendedIsDecoded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		i32, i64 := rapid.Int32().Draw(t, "i32"), rapid.Int64().Draw(t, "i64")
		yes, str := rapid.Bool().Draw(t, "bool"), rapid.String().Draw(t, "string")
		buf := rapid.SampledFrom([][]byte{nil, {}, {0}, []byte("data")}).Draw(t, "buffer")
		acls := rapid.SampledFrom([][]zookeeper.ACL{nil, {}, {{Perms: 1, Scheme: "world", ID: "anyone"}, {Scheme: "\xed\xa0\xbd", ID: str}}}).Draw(t, "acl")
		b := AppendBool(AppendInt64(AppendInt32(nil, i32), i64), yes)
		b = AppendACLs(AppendBuffer(AppendString(b, str), buf), acls)

		d := NewDecoder(b)
		if d.PeekInt32() != i32 || d.Int32() != i32 || d.Int64() != i64 || d.Bool() != yes || d.String() != str {
			t.Fatal("integers, booleans or strings differ")
		}
		if diff := cmp.Diff(buf, d.Buffer()); diff != "" {
			t.Fatal(diff)
		}
		if diff := cmp.Diff(acls, d.ACLs()); diff != "" {
			t.Fatal(diff)
		}
		if d.Err() != nil || d.Remaining() != 0 || d.Offset() != len(b) {
			t.Fatalf("%v, %d bytes left", d.Err(), d.Remaining())
		}
		for n := range b {
			cut := NewDecoder(b[:n])
			cut.Int32()
			cut.Int64()
			cut.Bool()
			_ = cut.String()
			cut.Buffer()
			cut.ACLs()
			if !errors.Is(cut.Err(), ErrShort) {
				t.Fatalf("cut at %d of %d: %v; want ErrShort", n, len(b), cut.Err())
			}
		}
	})
}

func TestStringsAreOpaqueBytes(t *testing.T) {
	for _, s := range []string{"\xed\xa0\xbd\xed\xb8\x80", "\xff\xfe", "a\x00b"} {
		if got := NewDecoder(AppendString(nil, s)).String(); got != s {
			t.Errorf("%x came back as %x", s, got)
		}
	}
}

func TestTheFirstFailureStays(t *testing.T) {
	d := NewDecoder([]byte{0xff, 0xff, 0xff, 0xfe, 0, 0, 0, 1})
	if b := d.Buffer(); b != nil || d.Err() == nil || !strings.Contains(d.Err().Error(), "offset 0") {
		t.Fatalf("length -2: %v, %v", b, d.Err())
	}
	first := d.Err()
	if d.Int32() != 0 || d.Bool() || d.String() != "" || d.ACLs() != nil || d.Rest() != nil || d.PeekInt32() != 0 {
		t.Error("values after a failure are not zero")
	}
	if d.Fail(ErrShort); d.Err() != first {
		t.Errorf("the failure changed to %v", d.Err())
	}
}

func TestVectorLenRefusesMoreThanTheInputHolds(t *testing.T) {
	for n, ok := range map[int32]bool{-2: false, -1: true, 0: true, 2: true, 3: false, math.MaxInt32: false} {
		d := NewDecoder(append(AppendInt32(nil, n), make([]byte, 8)...))
		if got := d.VectorLen(4); (d.Err() == nil) != ok || ok && got != int(n) {
			t.Errorf("%d elements of 4 bytes in 8 bytes: %d, %v", n, got, d.Err())
		}
	}
}

// FuzzDecoder takes values of any kind off arbitrary bytes: the first byte of each step says which.
func FuzzDecoder(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4}, []byte("\x00\x00\x00\x01x"))
	f.Fuzz(func(t *testing.T, steps, data []byte) {
		d := NewDecoder(data)
		for _, s := range steps {
			before := d.Offset()
			switch s % 6 {
			case 0:
				d.Bool()
			case 1:
				d.Int32()
			case 2:
				d.Int64()
			case 3:
				if b := d.Buffer(); len(b) > 0 && !bytes.Equal(b, data[d.Offset()-len(b):d.Offset()]) {
					t.Fatal("a buffer that is not in the input")
				}
			case 4:
				if acls := d.ACLs(); len(acls)*minACL > len(data) {
					t.Fatalf("%d ACLs in %d bytes", len(acls), len(data))
				}
			case 5:
				if n := d.VectorLen(4); n*4 > d.Remaining() {
					t.Fatalf("a vector of %d in %d bytes", n, d.Remaining())
				}
			}
			if d.Offset() < before || d.Offset() > len(data) || d.Offset()+d.Remaining() != len(data) {
				t.Fatalf("offset %d, then %d of %d", before, d.Offset(), len(data))
			}
		}
	})
}
