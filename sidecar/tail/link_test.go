package tail_test

import (
	"testing"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/snapshot"
	"github.com/zkark/zkark/sidecar/tail/tailtest"
)

func TestLogsAreInOrderOfZxidNotOfName(t *testing.T) {
	d := tailtest.New(t)
	tl := start(t, d)
	d.Log(0x100, 0x102)
	d.Log(0xfe, 0xff)
	d.Log(z(0x80000000, 1), z(0x80000000, 2))
	look(t, tl)
	want(t, tl, "0xfe-0xff<?", "0x100-0x102<0xff", "0x8000000000000001-0x8000000000000002<0x102")
}

func TestAnElectionInsideOneFileIsALink(t *testing.T) {
	d := tailtest.New(t)
	tl := start(t, d)
	l := d.Log(z(1, 1), z(1, 5))
	l.Append(z(2, 1), z(2, 3))
	look(t, tl)
	want(t, tl, "0x100000001-0x100000005<?", "0x200000001-0x200000003<0x100000005")
}

func TestASnapshotThatTheServerWasSentBreaksTheLink(t *testing.T) {
	d := tailtest.New(t)
	tl := start(t, d)
	d.Log(z(1, 1), z(1, 0x3b))
	d.Snapshot(z(2, 0x15), zookeeper.Plain, snapshot.Trailer{})
	d.Log(z(2, 0x16), z(2, 0x18))
	d.Log(z(3, 1), z(3, 1))
	look(t, tl)
	want(t, tl, "0x100000001-0x10000003b<?", "0x200000016-0x200000018<?", "0x300000001-0x300000001<0x200000018")
}

func TestALeadersArtificialSnapshotBreaksNoLink(t *testing.T) {
	for name, test := range map[string]struct {
		applied zookeeper.Zxid
		want    string
	}{
		"its own":                  {z(1, 5), "0x200000001-0x200000002<0x100000005"},
		"of another server's tree": {0, "0x200000001-0x200000002<?"},
	} {
		t.Run(name, func(t *testing.T) {
			d := tailtest.New(t)
			tl := start(t, d)
			d.Log(z(1, 1), z(1, 5))
			d.Snapshot(z(2, 0), zookeeper.Plain, snapshot.Trailer{Digest: &snapshot.Digest{Zxid: test.applied, Version: 2}})
			d.Log(z(2, 1), z(2, 2))
			look(t, tl)
			want(t, tl, "0x100000001-0x100000005<?", test.want)
		})
	}
}
