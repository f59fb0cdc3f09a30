package cli

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/restore"
)

func TestADryRunIsATableOfThePointItsNeighboursAndTheWayThere(t *testing.T) {
	at := time.Date(2026, 11, 23, 14, 4, 59, 871e6, time.UTC)
	segment := archive.Segment{First: 0x1f0, Last: 0x22c, Size: 3 << 10}
	plan := archive.Plan{Base: archive.Base{Start: 0x1e0, End: 0x1f4, Size: 1 << 20}, Target: 0x1fc, Bytes: 1<<20 + 3<<10,
		Pieces: []archive.Piece{{Segment: segment, First: 0x1f0, UpTo: 0x1fc}}}
	found := restore.Found{Asked: "2026-11-23T14:05:00Z", Target: 0x1fc, Later: 48,
		At: &restore.Neighbour{Zxid: 0x1fc, Time: at}, Next: &restore.Neighbour{Zxid: 0x1fd, Time: at.Add(time.Second), About: true}}
	var out bytes.Buffer
	s := session{Process: Process{Stdout: &out, Stderr: &bytes.Buffer{}}}
	if err := s.printPlan(newPlanned("plan", plan, found), "text"); err != nil {
		t.Fatal(err)
	}
	want := `would restore  0x1fc
asked for      2026-11-23T14:05:00Z
made           2026-11-23T14:04:59.871Z
left out       48 transactions, the first of them 0x1fd, made 2026-11-23T14:05:00.871Z or later
base           0x1e0, 1.0 MiB
segments       1, from 0x1f0 to 0x1fc, 3.0 KiB
reads          1.0 MiB
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestWhatWasLeftOutOfACrispSnapshotIsListed(t *testing.T) {
	r := restored{planned: planned{Target: 5}, Epoch: 3, Crisp: &restore.Crisp{Zxid: zookeeper.MakeZxid(1, 0), Digest: "0x00000000000000ff", Nodes: 7,
		DroppedSessions: []string{"0x1f"}, DroppedEphemerals: []string{"/e"}, DroppedMembers: "server.1=a:1:2\nversion=0"}}
	var out bytes.Buffer
	if err := printRows(&out, r.crispRows()); err != nil {
		t.Fatal(err)
	}
	want := `epoch          3 in both epoch files
snapshot       7 znodes, 0 sessions, tree digest 0x00000000000000ff at the target
goes on from   0x100000000, above all that clients have seen
dropped        session 0x1f
dropped        ephemeral znode /e
dropped        member server.1=a:1:2
dropped        member version=0
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
