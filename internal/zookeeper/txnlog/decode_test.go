package txnlog

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zkark/zkark/internal/zookeeper"
	"pgregory.net/rapid"
)

// header32 is the header of the golden payloads: session 1, cxid 2, zxid 1:3, time 4, and the type.
func header32(typ string) string {
	return "0000000000000001 00000002 0000000100000003 0000000000000004 " + typ
}

const digest12 = " 00000002 00000001015c3ab6"

func unhex(t fatal, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func decode(payload []byte) (Txn, error) {
	return Record{Payload: payload, Name: testName, Offset: headerSize}.Decode()
}

// TestDecodeGoldenLog reads the first bytes of a log that ZooKeeper 3.9.5 wrote.
func TestDecodeGoldenLog(t *testing.T) {
	data := unhex(t, `
		5a4b4c47 00000002 0000000000000000
		00000000a67f090e 00000030  0100002a6aa00000 00000000 0000000000000001 000001a2071f2f66 fffffff6
		   00002710  00000002 0000000051c6d660  42
		00000000cf160ba0 0000005b  0100002a6aa00000 00000001 0000000000000002 000001a2071f2f95 00000001
		   00000002 2f61  00000005 68656c6c6f  00000001 0000001f 00000005 776f726c64 00000006 616e796f6e65  00  00000001
		   00000002 00000001015c3ab6  42`)
	want := []Txn{
		{
			Header: Header{Session: 0x0100002a6aa00000, Zxid: 1, Time: 0x1a2071f2f66, Type: TypeCreateSession},
			Body:   CreateSession{Timeout: 10000},
			Digest: &Digest{Version: 2, Tree: 0x51c6d660},
		},
		{
			Header: Header{Session: 0x0100002a6aa00000, Cxid: 1, Zxid: 2, Time: 0x1a2071f2f95, Type: TypeCreate},
			Body: Create{Path: "/a", Data: []byte("hello"), ParentCversion: 1,
				ACL: []zookeeper.ACL{{Perms: 31, Scheme: "world", ID: "anyone"}}},
			Digest: &Digest{Version: 2, Tree: 0x1015c3ab6},
		},
	}
	var out bytes.Buffer
	w, err := NewWriter(&out)
	if err != nil {
		t.Fatal(err)
	}
	r := NewReader(bytes.NewReader(data), testName)
	for _, want := range want {
		rec, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		got, err := rec.Decode()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("decoded (-want +got):\n%s", diff)
		}
		if err := w.Append(Encode(got)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.Next(); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
	if !bytes.Equal(out.Bytes(), data) {
		t.Errorf("written again:\n%x\nwant\n%x", out.Bytes(), data)
	}
}

// goldenBodies has one body for each type and form, laid out by hand from zookeeper.jute.
func goldenBodies() map[string]struct {
	typ, body string
	want      Body
} {
	acl := "00000001 0000001f 00000005 776f726c64 00000006 616e796f6e65"
	world := []zookeeper.ACL{{Perms: 31, Scheme: "world", ID: "anyone"}}
	type golden = struct {
		typ, body string
		want      Body
	}
	return map[string]golden{
		"create":                    {"00000001", "00000002 2f61 00000001 78" + acl + "01 00000005", Create{Path: "/a", Data: []byte("x"), ACL: world, Ephemeral: true, ParentCversion: 5}},
		"create, null data and ACL": {"00000001", "00000002 2f61 ffffffff ffffffff 00 00000005", Create{Path: "/a", ParentCversion: 5}},
		"create, empty data":        {"00000001", "00000002 2f61 00000000 00000000 00 00000005", Create{Path: "/a", Data: []byte{}, ACL: []zookeeper.ACL{}, ParentCversion: 5}},
		"create2":                   {"0000000f", "00000002 2f61 00000001 78" + acl + "00 00000005", Create{Path: "/a", Data: []byte("x"), ACL: world, ParentCversion: 5}},
		"createContainer":           {"00000013", "00000002 2f61 00000001 78" + acl + "00000005", Create{Path: "/a", Data: []byte("x"), ACL: world, ParentCversion: 5}},
		"createTTL":                 {"00000015", "00000002 2f61 00000001 78" + acl + "00000005 0000000000001388", Create{Path: "/a", Data: []byte("x"), ACL: world, ParentCversion: 5, TTL: 5000}},
		"delete":                    {"00000002", "00000002 2f61", Delete{Path: "/a"}},
		"deleteContainer":           {"00000014", "00000002 2f61", Delete{Path: "/a"}},
		"setData":                   {"00000005", "00000002 2f61 00000001 78 00000007", SetData{Path: "/a", Data: []byte("x"), Version: 7}},
		"reconfig":                  {"00000010", "00000002 2f61 00000001 78 ffffffff", SetData{Path: "/a", Data: []byte("x"), Version: -1}},
		"setACL":                    {"00000007", "00000002 2f61" + acl + "00000007", SetACL{Path: "/a", ACL: world, Aversion: 7}},
		"createSession":             {"fffffff6", "00002710", CreateSession{Timeout: 10000}},
		"closeSession":              {"fffffff5", "", CloseSession{}},
		"closeSession, empty list":  {"fffffff5", "00000000", CloseSession{Listed: true, Paths: []string{}}},
		"closeSession, list":        {"fffffff5", "00000003 00000002 2f61 00000003 2f6262 00000002 2f63", CloseSession{Listed: true, Paths: []string{"/a", "/bb", "/c"}}},
		"closeSession, 12 bytes":    {"fffffff5", "00000001 00000004 2f616263", CloseSession{Listed: true, Paths: []string{"/abc"}}},
		"error":                     {"ffffffff", "ffffff9b", Error{Code: -101}},
		"multi": {"0000000e", "00000002 00000001 00000013 00000002 2f61 ffffffff ffffffff 00 00000005" +
			"0000000d 0000000a 00000002 2f62 00000009", Multi{Ops: []Op{
			{Type: TypeCreate, Body: Create{Path: "/a", ParentCversion: 5}},
			{Type: TypeCheck, Body: Check{Path: "/b", Version: 9}},
		}}},
		"failed multi": {"0000000e", "00000003 00000002 00000006 00000002 2f61" +
			"ffffffff 00000004 ffffff9b ffffffff 00000004 fffffffe", Multi{Ops: []Op{
			{Type: TypeDelete, Body: Delete{Path: "/a"}},
			{Type: TypeError, Body: Error{Code: -101}},
			{Type: TypeError, Body: Error{Code: -2}},
		}}},
		"failed multi, applied before it was logged": {"0000000e", "00000002 ffffffff 0000000e 00000002 2f61 ffffffff 00000007 ffffffff 00000004 fffffffe", Multi{Ops: []Op{
			{Type: TypeError, Body: Error{Code: 2, Rest: []byte("/a\xff\xff\xff\xff\x00\x00\x00\x07")}},
			{Type: TypeError, Body: Error{Code: -2}},
		}}},
		"multi, empty": {"0000000e", "00000000", Multi{Ops: []Op{}}},
		"multi, unknown operation": {"0000000e", "00000002 00000063 00000003 010203 00000063 ffffffff", Multi{Ops: []Op{
			{Type: 99, Body: Unknown{Raw: []byte{1, 2, 3}}},
			{Type: 99, Body: Unknown{}},
		}}},
	}
}

func TestDecodeTakesTheHeadOfAListThatAFollowerTookForADigestForADigest(t *testing.T) {
	for name, golden := range map[string]struct {
		body string
		want Digest
	}{
		"eleven paths":                   {"0000000b 00000008 2f616263", Digest{Version: 11, Tree: 0x8_2f616263}},
		"one path":                       {"00000001 00000009 2f616263", Digest{Version: 1, Tree: 0x9_2f616263}},
		"no path, then the real digest":  {"00000000 00000002 00000017", Digest{Version: 0, Tree: 0x2_00000017}},
		"a real digest of an empty tree": {"00000002 00000000 00000000", Digest{Version: 2}},
	} {
		payload := unhex(t, header32("fffffff5")+golden.body)
		got, err := decode(payload)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(Txn{Header: got.Header, Body: CloseSession{}, Digest: &golden.want}, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
		if again := Encode(got); !bytes.Equal(again, payload) {
			t.Errorf("%s: encoded as %x, want %x", name, again, payload)
		}
	}
}

func TestDecodeReadsEveryTypeWithAndWithoutDigest(t *testing.T) {
	for name, golden := range goldenBodies() {
		for _, digest := range []string{"", digest12} {
			payload := unhex(t, header32(golden.typ)+golden.body+digest)
			got, err := decode(payload)
			if err != nil {
				t.Errorf("%s%s: %v", name, digest, err)
				continue
			}
			want := Txn{Header: parseHeader(payload), Body: golden.want}
			if digest != "" {
				want.Digest = &Digest{Version: 2, Tree: 0x1015c3ab6}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s%s (-want +got):\n%s", name, digest, diff)
			}
			if again := Encode(got); !bytes.Equal(again, payload) {
				t.Errorf("%s%s: encoded again\n%x\nwant\n%x", name, digest, again, payload)
			}
		}
	}
}

func TestDecodeReadsTheCreateOfOldReleases(t *testing.T) {
	payload := unhex(t, header32("00000001")+"00000002 2f61 00000001 78 ffffffff 01")
	got, err := decode(payload)
	if err != nil {
		t.Fatal(err)
	}
	want := Create{Path: "/a", Data: []byte("x"), Ephemeral: true, V0: true, ParentCversion: -1}
	if diff := cmp.Diff(Body(want), got.Body); diff != "" {
		t.Error(diff)
	}
	if !bytes.Equal(Encode(got), payload) {
		t.Errorf("encoded again %x; want %x", Encode(got), payload)
	}
}

func TestDecodeKeepsAnUnknownTypeRaw(t *testing.T) {
	for _, typ := range []string{"00000063", "0000000d", "7fffffff"} {
		for _, body := range []string{"", "01", "0102030405060708090a0b0c0d0e0f"} {
			payload := unhex(t, header32(typ)+body)
			got, err := decode(payload)
			if err != nil {
				t.Fatal(err)
			}
			raw, ok := got.Body.(Unknown)
			if !ok || !bytes.Equal(raw.Raw, unhex(t, body)) || got.Digest != nil {
				t.Errorf("type %s body %s: %+v", typ, body, got)
			}
			if !bytes.Equal(Encode(got), payload) {
				t.Errorf("type %s body %s: encoded again %x", typ, body, Encode(got))
			}
		}
	}
}

func TestDecodeRefusesBytesLeftOver(t *testing.T) {
	for name, golden := range goldenBodies() {
		for _, left := range []string{"42", "0000", digest12 + "01"} {
			payload := unhex(t, header32(golden.typ)+golden.body+left)
			if name == "closeSession" && left != digest12+"01" {
				continue // taken for the start of a list that is cut short
			}
			wantMalformed(t, name+" and "+left, payload)
		}
	}
}

// A create that is cut behind its third field is the form of releases before 3.4, and so is whole. Twelve bytes of
// a list of paths are what a follower can take for a digest.
func TestDecodeRefusesEveryCutBody(t *testing.T) {
	for name, golden := range goldenBodies() {
		payload := unhex(t, header32(golden.typ)+golden.body)
		for n := range payload {
			if n >= minPayload && name == "closeSession, empty list" || n == minPayload && golden.typ == "fffffff5" {
				continue
			}
			if golden.typ == "00000001" && n == len(payload)-4 || golden.typ == "fffffff5" && n == minPayload+digestSize {
				continue
			}
			wantMalformed(t, name, payload[:n])
		}
	}
}

func wantMalformed(t *testing.T, name string, payload []byte) {
	t.Helper()
	got, err := decode(payload)
	var format *FormatError
	if !errors.As(err, &format) || format.Name != testName || format.Offset < headerSize+prefixSize {
		t.Errorf("%s of %d bytes: %+v, %v; want a FormatError with file and offset", name, len(payload), got, err)
	}
}

func TestDecodeSharesNoMemoryWithThePayload(t *testing.T) {
	for name, golden := range goldenBodies() {
		payload := unhex(t, header32(golden.typ)+golden.body)
		got, err := decode(payload)
		if err != nil {
			t.Fatal(err)
		}
		clear(payload)
		if diff := cmp.Diff(golden.want, got.Body); diff != "" {
			t.Errorf("%s changed with the payload:\n%s", name, diff)
		}
	}
}

func TestEncodeAndDecodeAreInverse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawTxn(t)
		payload := Encode(want)
		got, err := decode(payload)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
		if !bytes.Equal(Encode(got), payload) {
			t.Fatal("encoded again differs")
		}
	})
}

func drawTxn(t *rapid.T) Txn {
	typ := rapid.SampledFrom([]Type{TypeCloseSession, TypeCreateSession, TypeError, TypeCreate, TypeDelete,
		TypeSetData, TypeSetACL, TypeMulti, TypeCreate2, TypeReconfig, TypeCreateContainer, TypeDeleteContainer,
		TypeCreateTTL}).Draw(t, "type")
	txn := Txn{
		Header: Header{
			Session: rapid.Int64().Draw(t, "session"),
			Cxid:    rapid.Int32().Draw(t, "cxid"),
			Zxid:    zookeeper.Zxid(rapid.Uint64().Draw(t, "zxid")),
			Time:    rapid.Int64().Draw(t, "time"),
			Type:    typ,
		},
		Body: drawBody(t, typ),
	}
	if rapid.Bool().Draw(t, "digest") {
		txn.Digest = &Digest{Version: digestLatest, Tree: rapid.Uint64().Draw(t, "tree")}
	}
	return txn
}

func drawBody(t *rapid.T, typ Type) Body {
	path := "/" + string(rapid.SliceOf(rapid.Byte()).Draw(t, "path"))
	version := rapid.Int32().Draw(t, "version")
	switch typ {
	case TypeCloseSession:
		if !rapid.Bool().Draw(t, "listed") {
			return CloseSession{}
		}
		return CloseSession{Listed: true, Paths: rapid.SliceOf(rapid.StringN(1, -1, -1)).Draw(t, "paths")}
	case TypeCreateSession:
		return CreateSession{Timeout: version}
	case TypeError:
		return Error{Code: version}
	case TypeDelete, TypeDeleteContainer:
		return Delete{Path: path}
	case TypeSetData, TypeReconfig:
		return SetData{Path: path, Data: drawData(t), Version: version}
	case TypeSetACL:
		return SetACL{Path: path, ACL: drawACL(t), Aversion: version}
	case TypeCheck:
		return Check{Path: path, Version: version}
	case TypeMulti:
		return Multi{Ops: rapid.SliceOf(rapid.Custom(drawOp)).Draw(t, "ops")}
	}
	c := Create{Path: path, Data: drawData(t), ACL: drawACL(t), ParentCversion: version}
	if typ == TypeCreateTTL {
		c.TTL = rapid.Int64().Draw(t, "ttl")
	}
	if typ == TypeCreate || typ == TypeCreate2 {
		c.Ephemeral = rapid.Bool().Draw(t, "ephemeral")
	}
	return c
}

func drawOp(t *rapid.T) Op {
	typ := rapid.SampledFrom([]Type{TypeCreate, TypeCreate2, TypeCreateContainer, TypeCreateTTL, TypeDelete,
		TypeDeleteContainer, TypeSetData, TypeCheck, TypeError}).Draw(t, "op")
	return Op{Type: typ, Body: drawBody(t, typ)}
}

func drawData(t *rapid.T) []byte {
	if rapid.Bool().Draw(t, "null data") {
		return nil
	}
	return append([]byte{}, rapid.SliceOf(rapid.Byte()).Draw(t, "data")...)
}

func drawACL(t *rapid.T) []zookeeper.ACL {
	if rapid.Bool().Draw(t, "null ACL") {
		return nil
	}
	return append([]zookeeper.ACL{}, rapid.SliceOf(rapid.Custom(func(t *rapid.T) zookeeper.ACL {
		return zookeeper.ACL{Perms: rapid.Int32().Draw(t, "perms"), Scheme: rapid.String().Draw(t, "scheme"),
			ID: string(rapid.SliceOf(rapid.Byte()).Draw(t, "id"))}
	})).Draw(t, "acl")...)
}
