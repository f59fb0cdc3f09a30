package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/zookeeper"
)

func TestStatusIsAPageThatTellsWhatCanBeRestoredAndWhatIsWrong(t *testing.T) {
	at := func(hour int) time.Time { return time.Date(2026, 11, 20, hour, 0, 0, 0, time.UTC) }
	seg := func(first, last, prev zookeeper.Zxid, from, to int) archive.Segment {
		return archive.Segment{First: first, Last: last, Prev: prev, Linked: prev != 9, Source: 1, Size: 1 << 20, FirstTime: at(from), LastTime: at(to)}
	}
	c := archive.Catalog{
		Segments: []archive.Segment{
			seg(0x100000001, 0x100000064, 0, 0, 6), seg(0x200000001, 0x200000010, 0x100000060, 6, 8), seg(0x200000020, 0x200000064, 9, 12, 20),
		},
		Bases: []archive.Base{{Time: at(0), Source: 1, Size: 300}, {Start: 0x20000001f, End: 0x200000021, Time: at(13), Source: 2, Size: 3 << 20}},
	}
	a := newArchiveStatus("s3://b/p", archive.Identity{Cluster: "c0ffee"}, c)
	var out bytes.Buffer
	if err := printRows(&out, a.rows(at(21))); err != nil {
		t.Fatal(err)
	}
	want := `archive        s3://b/p
cluster        c0ffee
holds          3 segments and 2 bases, 6.0 MiB
newest         0x200000064 of 2026-11-20 20:00:00 UTC, 1h0m0s ago
coverage       █████████████████████████···········████████████████████████
restorable     0x0 – 0x200000010, 2026-11-20 00:00:00 UTC – 2026-11-20 08:00:00 UTC
restorable     0x200000021 – 0x200000064, 2026-11-20 12:00:00 UTC – 2026-11-20 20:00:00 UTC
gap            between 0x200000010 and 0x200000020
dead branch    0x100000061 – 0x100000064 were logged and never committed
base           0x200000021 of 2026-11-20 13:00:00 UTC, 3.0 MiB, by server 2
base           0x0 of 2026-11-20 00:00:00 UTC, 300 B, by server 1
server         1 archived 3 segments, 3.0 MiB, the last up to 0x200000064 of 2026-11-20 20:00:00 UTC
growth         about 216.0 MiB and 180 PUT requests a month, and as many LIST requests
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
	if len(a.Warnings) != 1 || !strings.Contains(a.Warnings[0], "0x200000010 and 0x200000020") {
		t.Errorf("warnings %q", a.Warnings)
	}
}
