package inspect

import (
	"strconv"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestALineNeverHoldsWhatATerminalActsOn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw := string(rapid.SliceOf(rapid.Byte()).Draw(t, "raw"))
		for _, shown := range []string{Line(raw), word(raw), string(harmless([]byte(strconv.Quote(escaped(raw)))))} {
			if !utf8.ValidString(shown) {
				t.Fatalf("%q is shown as %q, not UTF-8", raw, shown)
			}
			for _, r := range shown {
				if !strconv.IsPrint(r) {
					t.Fatalf("%q is shown as %q, with %U in it", raw, shown, r)
				}
			}
		}
	})
}

func TestStringsAreShownAsTheyWereMeant(t *testing.T) {
	for raw, want := range map[string]string{
		"/plain":                    "/plain",
		"/größe":                    "/größe",
		"":                          `""`,
		"/two words":                `"/two words"`,
		"/\xed\xa0\xbd\xed\xb8\x80": "/😀",
		"/\x1b[2J":                  `"/\x1b[2J"`,
	} {
		if got := word(raw); got != want {
			t.Errorf("%q is shown as %s, want %s", raw, got, want)
		}
	}
}

func TestPermissionsReadLikeThoseOfZooKeepersShell(t *testing.T) {
	for bits, want := range map[int32]string{31: "cdrwa", 1: "r", 6: "cw", 0: "", 33: "r+0x20"} {
		if got := perms(bits); got != want {
			t.Errorf("%d is shown as %q, want %q", bits, got, want)
		}
	}
}

func TestAnOwnerTellsTheTypeOfItsNode(t *testing.T) {
	ttl, container := uint64(0xff0000000036ee80), uint64(1)<<63
	for owner, want := range map[int64]string{
		0: "persistent", 0x100003860120000: "ephemeral", int64(ttl): "ttl", int64(container): "container",
	} {
		if got := nodeType(owner); got != want {
			t.Errorf("%#x is %s, want %s", uint64(owner), got, want)
		}
	}
}
