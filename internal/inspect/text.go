package inspect

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/zkark/zkark/internal/zookeeper"
)

// Line makes one line of text safe to print: control characters, what turns the direction of writing, and bytes that
// are not UTF-8 come out as escapes. Messages carry file names, which can hold anything.
func Line(s string) string {
	if printable(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && size == 1 || !strconv.IsPrint(r) {
			escaped := strconv.Quote(s[:size])
			b.WriteString(escaped[1 : len(escaped)-1])
		} else {
			b.WriteString(s[:size])
		}
		s = s[size:]
	}
	return b.String()
}

func printable(s string) bool {
	for _, r := range s {
		if !strconv.IsPrint(r) {
			return false
		}
	}
	return utf8.ValidString(s)
}

// word is a string as a table shows it: as it is where that is one plain word, else quoted.
func word(s string) string {
	s = text(s)
	if s == "" || strings.ContainsAny(s, "\" ") || !printable(s) {
		return strconv.Quote(s)
	}
	return s
}

// text is the characters that ZooKeeper's bytes stand for. Java writes a character beyond U+FFFF as two surrogates of
// three bytes each (CESU-8), which is not UTF-8.
func text(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		if r, ok := surrogatePair(s); ok {
			b.WriteRune(r)
			s = s[6:]
			continue
		}
		_, size := utf8.DecodeRuneInString(s)
		b.WriteString(s[:size])
		s = s[size:]
	}
	return b.String()
}

// surrogatePair reads ED A0..AF xx ED B0..BF xx off the front of s.
func surrogatePair(s string) (rune, bool) {
	if len(s) < 6 || s[0] != 0xED || s[1]&0xF0 != 0xA0 || s[2]&0xC0 != 0x80 ||
		s[3] != 0xED || s[4]&0xF0 != 0xB0 || s[5]&0xC0 != 0x80 {
		return 0, false
	}
	high := rune(s[1]&0x0F)<<6 | rune(s[2]&0x3F)
	low := rune(s[4]&0x0F)<<6 | rune(s[5]&0x3F)
	return 0x10000 + high<<10 + low, true
}

// hex64 is a session or a digest, which ZooKeeper prints as unsigned hex.
func hex64(v uint64) string { return "0x" + strconv.FormatUint(v, 16) }

// stamp is a time in a log or a Stat: RFC 3339 with milliseconds, UTC.
func stamp(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z") }

// perms is an ACL's permissions the way ZooKeeper's shell writes them, plus any bits that mean nothing.
func perms(p int32) string {
	var b strings.Builder
	for _, known := range []struct {
		bit    int32
		letter byte
	}{{4, 'c'}, {8, 'd'}, {1, 'r'}, {2, 'w'}, {16, 'a'}} {
		if p&known.bit != 0 {
			b.WriteByte(known.letter)
		}
	}
	if rest := uint32(p) &^ 31; rest != 0 {
		fmt.Fprintf(&b, "+0x%x", rest)
	}
	return b.String()
}

// aclWords is an ACL as a table shows it.
func aclWords(entries []aclEntry) string {
	words := make([]string, len(entries))
	for i, e := range entries {
		words[i] = word(e.Scheme + ":" + e.ID + ":" + e.Perms)
	}
	return strings.Join(words, ",")
}

// aclEntry is zookeeper.ACL for JSON.
type aclEntry struct {
	Scheme string `json:"scheme"`
	ID     string `json:"id"`
	Perms  string `json:"perms"`
}

func aclEntries(acl []zookeeper.ACL) []aclEntry {
	entries := make([]aclEntry, len(acl))
	for i, a := range acl {
		entries[i] = aclEntry{Scheme: escaped(a.Scheme), ID: escaped(a.ID), Perms: perms(a.Perms)}
	}
	return entries
}

// escaped is text for a JSON string, which cannot hold bytes that are not UTF-8.
func escaped(s string) string {
	s = text(s)
	if utf8.ValidString(s) {
		return s
	}
	return strings.Trim(strconv.Quote(s), `"`)
}
