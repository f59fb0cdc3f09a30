package inspect

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// printer shows what is read, as it is read. What it has not passed on yet, flush does.
type printer interface {
	record(r record) error
	node(n node) error
	snapshot(s summary) error
	endOfLog(t totals) error
	flush() error
}

func newPrinter(out io.Writer, path string, o Options) printer {
	w := bufio.NewWriterSize(out, 64<<10)
	if o.JSON {
		return &jsonPrinter{out: w}
	}
	return &tablePrinter{out: w, path: path}
}

// jsonPrinter prints one object a line.
type jsonPrinter struct {
	out  *bufio.Writer
	line bytes.Buffer
}

func (p *jsonPrinter) record(r record) error    { return p.print(r) }
func (p *jsonPrinter) node(n node) error        { return p.print(n) }
func (p *jsonPrinter) snapshot(s summary) error { return p.print(s) }
func (p *jsonPrinter) endOfLog(totals) error    { return nil }
func (p *jsonPrinter) flush() error             { return p.out.Flush() }

func (p *jsonPrinter) print(v any) error {
	p.line.Reset()
	encoder := json.NewEncoder(&p.line)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return err
	}
	_, err := p.out.Write(harmless(p.line.Bytes()))
	return err
}

// harmless escapes what encoding/json lets through and a terminal acts on. In JSON that is valid such characters stand
// only in strings.
func harmless(line []byte) []byte {
	if plainASCII(line) {
		return line
	}
	safe := make([]byte, 0, len(line)+16)
	for len(line) > 0 {
		r, size := utf8.DecodeRune(line)
		switch {
		case r == '\n' || strconv.IsPrint(r):
			safe = append(safe, line[:size]...)
		case r > 0xFFFF:
			r -= 0x10000
			safe = fmt.Appendf(safe, `\u%04x\u%04x`, 0xD800+r>>10, 0xDC00+r&0x3FF)
		default:
			safe = fmt.Appendf(safe, `\u%04x`, r)
		}
		line = line[size:]
	}
	return safe
}

func plainASCII(line []byte) bool {
	for _, c := range line {
		if c >= 0x7F {
			return false
		}
	}
	return true
}

// tablePrinter prints columns of fixed width, because a log can be larger than what could be held to measure them.
type tablePrinter struct {
	out    *bufio.Writer
	path   string
	headed bool // the column heads are printed
}

const (
	recordColumns = "%-18s  %-24s  %-15s  %-18s  %11s  %8s  %-18s  %s\n"
	nodeColumns   = "%-18s  %8s  %8s  %8s  %-10s  %-18s  %s\n"
)

func (p *tablePrinter) head(columns string, names ...any) error {
	if p.headed {
		return nil
	}
	p.headed = true
	return p.print(columns, names...)
}

func (p *tablePrinter) print(format string, args ...any) error {
	_, err := fmt.Fprintf(p.out, format, args...)
	return err
}

func (p *tablePrinter) record(r record) error {
	if err := p.head(recordColumns, "ZXID", "TIME", "TYPE", "SESSION", "CXID", "SIZE", "DIGEST", "PATH AND DETAILS"); err != nil {
		return err
	}
	digest, details := "-", r.details()
	if r.Digest != nil {
		digest = *r.Digest
	}
	if r.Problem != "" {
		details = Line("cannot be decoded: " + r.Problem)
	}
	if err := p.print(recordColumns, r.Zxid, r.Time, r.Type, r.Session, strconv.Itoa(int(r.Cxid)), r.dataSize(), digest, details); err != nil {
		return err
	}
	for _, op := range r.Ops {
		if err := p.print(recordColumns, "", "", "  "+op.Type, "", "", op.dataSize(), "", op.details()); err != nil {
			return err
		}
	}
	return nil
}

func (p *tablePrinter) endOfLog(t totals) error {
	if t.records == 0 {
		return p.print("%s: a transaction log without records\n", Line(p.path))
	}
	return p.print("%s: a transaction log of %d records, %s to %s, that ends at offset %d\n",
		Line(p.path), t.records, t.first, t.last, t.end)
}

func (p *tablePrinter) node(n node) error {
	if err := p.head(nodeColumns, "MZXID", "VERSION", "CVERSION", "SIZE", "TYPE", "OWNER", "PATH AND ACL"); err != nil {
		return err
	}
	return p.print(nodeColumns, n.Stat.Mzxid, strconv.Itoa(int(n.Stat.Version)), strconv.Itoa(int(n.Stat.Cversion)),
		n.dataSize(), n.Type, n.Stat.EphemeralOwner, word(n.Path)+" acl="+n.aclText())
}

func (p *tablePrinter) snapshot(s summary) error {
	sealed := "yes"
	if !s.Sealed {
		sealed = "no: only what could be read is counted"
	}
	rows := [][2]string{
		{"zxid", orDash(s.Zxid)}, {"nodes", strconv.Itoa(s.Nodes)}, {"ephemerals", strconv.Itoa(s.Ephemerals)},
		{"sessions", strconv.Itoa(s.Sessions)}, {"data", strconv.FormatInt(s.DataBytes, 10) + " bytes"},
		{"digest", s.digestText()}, {"last zxid", orDash(s.LastZxid)}, {"sealed", sealed},
	}
	if err := p.print("%s: a snapshot\n", Line(p.path)); err != nil {
		return err
	}
	for _, row := range rows {
		if err := p.print("  %-10s  %s\n", row[0], row[1]); err != nil {
			return err
		}
	}
	return nil
}

func (p *tablePrinter) flush() error { return p.out.Flush() }
