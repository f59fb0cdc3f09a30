package archive

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zkark/zkark/internal/zookeeper"
)

func TestNamesSayEverythingTheCatalogNeeds(t *testing.T) {
	s := Segment{First: 0x100000001, Last: 0x1000000ff, Linked: true, Source: 1, Hash: "0123456789abcdef",
		FirstTime: time.UnixMilli(1795415814037).UTC(), LastTime: time.UnixMilli(1795415815000).UTC()}
	want := "log/0000000100000001-00000001000000ff.after-0000000000000000.20261123T063654.037Z-20261123T063655.000Z.s001.0123456789abcdef.log.zst"
	if got := s.Key(); got != want {
		t.Errorf("segment is named\n%s, want\n%s", got, want)
	}
	b := Base{Start: 0x15, End: 0x20, Time: s.FirstTime, Source: 12, Hash: s.Hash}
	s.Encrypted = true
	if got := s.Key(); got != want+".age" {
		t.Errorf("encrypted segment is named\n%s, want\n%s.age", got, want)
	}
	want = "snapshot/0000000000000015-0000000000000020.20261123T063654.037Z.s012.0123456789abcdef.snapshot.zst"
	if got := b.Key(); got != want {
		t.Errorf("base is named\n%s, want\n%s", got, want)
	}
}

func TestEveryNameReadsBackAsWhatItNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ms := rapid.Int64Range(0, 1<<42)
		first := zookeeper.Zxid(rapid.Uint64Range(1, 1<<63).Draw(t, "first")) | 1
		s := Segment{First: first, Last: first, Linked: rapid.Bool().Draw(t, "linked"), Encrypted: rapid.Bool().Draw(t, "encrypted"), Hash: "00ff00ff00ff00ff",
			Source: rapid.IntRange(0, 255).Draw(t, "source"), FirstTime: time.UnixMilli(ms.Draw(t, "t0")).UTC(), LastTime: time.UnixMilli(ms.Draw(t, "t1")).UTC()}
		if s.Linked {
			s.Prev = first - 1
		}
		got, ok := ParseSegment(s.Key())
		if diff := cmp.Diff(s, got); !ok || diff != "" {
			t.Fatalf("%s: ok %v\n%s", s.Key(), ok, diff)
		}
		b := Base{Start: first, End: first + 1, Time: s.FirstTime, Source: s.Source, Hash: s.Hash, Encrypted: s.Encrypted}
		gotBase, ok := ParseBase(b.Key())
		if diff := cmp.Diff(b, gotBase); !ok || diff != "" {
			t.Fatalf("%s: ok %v\n%s", b.Key(), ok, diff)
		}
	})
}

func TestNamesThatZkarkDoesNotWriteAreForeign(t *testing.T) {
	good := seg(1, 2, 0).Key()
	for _, key := range []string{"", "log/", good + ".age.age", good + ".gpg", good[:len(good)-1], "x" + good, seg(2, 1, 0).Key(),
		seg(0x100000001, 0x200000001, 0).Key(), seg(5, 6, 9).Key(), seg(0x200000003, 0x200000003, 0x100000001).Key()} {
		if _, ok := ParseSegment(key); ok {
			t.Errorf("%q passes for a segment", key)
		}
		c := ParseCatalog([]Object{{Key: key}})
		if len(c.Foreign) != 1 {
			t.Errorf("%q is not counted as foreign", key)
		}
	}
}

func FuzzParseSegment(f *testing.F) {
	f.Add(seg(1, 2, 0).Key())
	f.Add(jump(0x100000005, 0x100000009).Key())
	f.Add("log/0000000000000001-0000000000010000.after-0000000000000000.00000101T000000,000Z-00000101T000000,000Z.s000.0000000000000000.log.zst")
	f.Fuzz(func(t *testing.T, key string) {
		if s, ok := ParseSegment(key); ok && s.Key() != key {
			t.Errorf("%q reads as the name of %q", key, s.Key())
		}
	})
}
