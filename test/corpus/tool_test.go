package corpus

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	diff "github.com/google/go-cmp/cmp"

	"github.com/zkark/zkark/internal/zookeeper/tree"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

// toolRecord is a line of TxnLogToolkit or LogFormatter: time, session, cxid, zxid, operation. What follows
// depends on the release, holds data as text and may go on over many lines.
const toolRecord = `(?m)^(\d+/\d+/\d+, \d+:\d+:\d+ [AP]M UTC) session 0x([0-9a-f]+) cxid 0x([0-9a-f]+) zxid 0x([0-9a-f]+) (unknown\s\S+|\S+)`

func TestTheLogToolPrintsTheSameRecords(t *testing.T) {
	t.Parallel()
	line := regexp.MustCompile(toolRecord)
	eachServer(t, func(t *testing.T, d directory) {
		for _, name := range d.logNames(t) {
			text := strings.Join(d.expected(t, name+".txt"), "\n")
			var want, got []string
			for _, m := range line.FindAllStringSubmatch(text, -1) {
				want = append(want, strings.Join(m[1:5], " ")+" "+strings.ToLower(m[5])) // createTtl or createTTL
			}
			txns, end := readLog(t, open(t, d.logs, name), name)
			for _, txn := range txns {
				got = append(got, toolLine(txn))
			}
			var corrupt *txnlog.CorruptError
			if errors.As(end, &corrupt) && len(want) > len(got) {
				want = want[:len(got)] // the tool reads on behind a bad checksum, a server does not
			}
			if strings.HasPrefix(d.Release, "3.5.") && len(want) < len(got) && nullData(txns[len(want)]) {
				got = got[:len(want)] // the tool of 3.5 dies of data that is null
			}
			if delta := diff.Diff(want, got); delta != "" {
				t.Errorf("%s: -tool +zkark:\n%s", name, delta)
			}
		}
	})
}

func nullData(txn txnlog.Txn) bool {
	switch b := txn.Body.(type) {
	case txnlog.Create:
		return b.Data == nil
	case txnlog.SetData:
		return b.Data == nil
	}
	return false
}

func toolLine(txn txnlog.Txn) string {
	at := time.UnixMilli(txn.Time).UTC().Format("1/2/06, 3:04:05 PM UTC")
	return fmt.Sprintf("%s %x %x %x %s", at, uint64(txn.Session), uint32(txn.Cxid), uint64(txn.Zxid), strings.ToLower(txn.Type.String()))
}

func TestTheSnapshotToolPrintsTheSameNodes(t *testing.T) {
	t.Parallel()
	eachServer(t, func(t *testing.T, d directory) {
		withData := !strings.HasPrefix(d.Release, "3.4.") // its tool prints no data
		for _, name := range d.snapshotNames(t) {
			want := toolNodes(d.expected(t, name+".txt"), withData)
			loaded, _ := d.load(t, name)
			got := map[string]string{}
			err := loaded.Walk(func(n tree.Node) error {
				got[cmp.Or(n.Path, "/")] = toolNode(n, withData)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if delta := diff.Diff(want, got); delta != "" {
				t.Errorf("%s: -tool +zkark:\n%s", name, delta)
			}
		}
	})
}

// toolNodes are the nodes that SnapshotFormatter printed, by path.
func toolNodes(lines []string, withData bool) map[string]string {
	nodes := map[string]string{}
	path := ""
	for i, line := range lines {
		switch {
		case line == "----" && i+1 < len(lines):
			path = lines[i+1]
		case strings.HasPrefix(line, "  data") && !strings.HasPrefix(line, "  dataVersion") || line == "  no data":
			if withData && !isQuotaStats(path) {
				nodes[path] += line + "\n"
			}
		case strings.HasPrefix(line, "  ") && strings.Contains(line, " = "):
			nodes[path] += line + "\n"
		}
	}
	return nodes
}

func toolNode(n tree.Node, withData bool) string {
	s := n.Stat
	date := func(millis int64) string { return time.UnixMilli(millis).UTC().Format("Mon Jan 02 15:04:05 UTC 2006") }
	text := fmt.Sprintf("  cZxid = %#014x\n  ctime = %s\n  mZxid = %#014x\n  mtime = %s\n  pZxid = %#014x\n",
		uint64(s.Czxid), date(s.Ctime), uint64(s.Mzxid), date(s.Mtime), uint64(s.Pzxid))
	text += fmt.Sprintf("  cversion = %d\n  dataVersion = %d\n  aclVersion = %d\n  ephemeralOwner = %#014x\n",
		s.Cversion, s.Version, s.Aversion, uint64(s.EphemeralOwner))
	if withData && !isQuotaStats(n.Path) {
		text += "  data = " + base64.StdEncoding.EncodeToString(n.Data) + "\n"
	}
	return text
}
