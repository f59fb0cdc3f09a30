package corpus

import (
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

// The functions here write what generate/Oracle.java writes, from what our packages decode.

func exactTxn(t txnlog.Txn) string {
	digest := "none"
	if t.Digest != nil {
		digest = fmt.Sprintf("%d:%d", t.Digest.Version, t.Digest.Tree)
	}
	return fmt.Sprintf("zxid=%s session=0x%x cxid=%d time=%d type=%d digest=%s%s",
		t.Zxid, uint64(t.Session), t.Cxid, t.Time, t.Type, digest, exactBody(t.Type, t.Body))
}

func exactBody(typ txnlog.Type, body txnlog.Body) string {
	switch b := body.(type) {
	case txnlog.Create:
		return exactCreate(typ, b)
	case txnlog.Delete:
		return " Path=" + exactString(b.Path)
	case txnlog.SetData:
		return fmt.Sprintf(" Data=%s Path=%s Version=%d", exactData(b.Data), exactString(b.Path), b.Version)
	case txnlog.SetACL:
		return fmt.Sprintf(" Acl=%s Path=%s Version=%d", exactACL(b.ACL), exactString(b.Path), b.Aversion)
	case txnlog.Check:
		return fmt.Sprintf(" Path=%s Version=%d", exactString(b.Path), b.Version)
	case txnlog.Multi:
		return " Txns=" + exactList(b.Ops, func(op txnlog.Op) string {
			return fmt.Sprintf("{type=%d%s}", op.Type, exactBody(op.Type, op.Body))
		})
	case txnlog.CreateSession:
		return fmt.Sprintf(" TimeOut=%d", b.Timeout)
	case txnlog.CloseSession:
		if !b.Listed {
			return " body=none"
		}
		return " Paths2Delete=" + exactList(b.Paths, exactString)
	case txnlog.Error:
		return fmt.Sprintf(" Err=%d", b.Code)
	}
	return fmt.Sprintf(" unexpected %T", body)
}

func exactCreate(typ txnlog.Type, b txnlog.Create) string {
	s := fmt.Sprintf(" Acl=%s Data=%s", exactACL(b.ACL), exactData(b.Data))
	if typ == txnlog.TypeCreate || typ == txnlog.TypeCreate2 {
		s += fmt.Sprintf(" Ephemeral=%t", b.Ephemeral)
	}
	s += fmt.Sprintf(" ParentCVersion=%d Path=%s", b.ParentCversion, exactString(b.Path))
	if typ == txnlog.TypeCreateTTL {
		s += fmt.Sprintf(" Ttl=%d", b.TTL)
	}
	return s
}

func exactList[E any](list []E, one func(E) string) string {
	parts := make([]string, len(list))
	for i, e := range list {
		parts[i] = one(e)
	}
	return "[" + strings.Join(parts, ",") + "]"
}

func exactACL(list []zookeeper.ACL) string {
	if list == nil {
		return "null"
	}
	return exactList(list, func(a zookeeper.ACL) string {
		return fmt.Sprintf("%d:%s:%s", a.Perms, exactString(a.Scheme), exactString(a.ID))
	})
}

func exactData(b []byte) string {
	switch {
	case b == nil:
		return "null"
	case len(b) > 1024:
		return "crc32:" + strconv.FormatUint(uint64(crc32.ChecksumIEEE(b)), 16) + ":" + strconv.Itoa(len(b))
	}
	return "x" + hex.EncodeToString(b)
}

// exactString writes a string as Java sees it, in UTF-16 and with a replacement for what is not UTF-8.
func exactString(s string) string {
	var b strings.Builder
	for _, c := range utf16.Encode([]rune(javaString(s))) {
		if c < 0x20 || c > 0x7e || c == '"' || c == '\\' {
			fmt.Fprintf(&b, `\u%04x`, c)
		} else {
			b.WriteByte(byte(c))
		}
	}
	return `"` + b.String() + `"`
}

// javaString is what Java's UTF-8 decoder makes of a surrogate in three bytes: one replacement character.
func javaString(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		if i+2 < len(s) && s[i] == 0xed && s[i+1] >= 0xa0 {
			b.WriteRune('\ufffd')
			i += 3
			continue
		}
		b.WriteByte(s[i])
		i++
	}
	return b.String()
}

func exactNode(path string, data []byte, s zookeeper.Stat, acl string) string {
	value := exactData(data)
	if isQuotaStats(path) {
		value = "recomputed"
	}
	return fmt.Sprintf("node %s data=%s czxid=%s mzxid=%s pzxid=%s ctime=%d mtime=%d version=%d cversion=%d aversion=%d owner=0x%x acl=%s",
		exactString(path), value, s.Czxid, s.Mzxid, s.Pzxid, s.Ctime, s.Mtime,
		s.Version, s.Cversion, s.Aversion, uint64(s.EphemeralOwner), acl)
}

// isQuotaStats tells the nodes whose data a server computes anew when it loads a tree, without a transaction.
func isQuotaStats(path string) bool {
	return strings.HasPrefix(path, "/zookeeper/quota/") && strings.HasSuffix(path, "/zookeeper_stats")
}

// forgetQuotaStats takes the data of those nodes out of an account.
func forgetQuotaStats(lines []string) []string {
	for i, line := range lines {
		before, rest, ok := strings.Cut(line, `/zookeeper_stats" data=`)
		if _, after, found := strings.Cut(rest, " "); ok && found {
			lines[i] = before + `/zookeeper_stats" data=recomputed ` + after
		}
	}
	return lines
}
