package uploader

import (
	"testing"
	"time"

	"github.com/zkark/zkark/internal/archive"
)

func TestTheProofOfWhatPrecedesARecordIsSeenBesideTheSameRecordWithoutIt(t *testing.T) {
	at := time.UnixMilli(1_700_000_000_000)
	loose := archive.Segment{First: 0x100000001, Last: 0x100000001, FirstTime: at, LastTime: at, Source: 2, Hash: "0123456789abcdef"}
	linked := loose
	linked.Linked, linked.Source = true, 3
	run := Run{First: 0x100000001, Last: 0x100000001, Linked: true}
	v := newView([]archive.Object{{Key: loose.Key()}}, at)
	if len(v.lacks(run)) != 1 {
		t.Fatal("the proof is not there yet, and is not lacking")
	}
	for range 2 {
		v.add(archive.Object{Key: linked.Key()})
	}
	if missing := v.lacks(run); len(missing) != 0 || len(v.catalog.Segments) != 2 {
		t.Errorf("still lacking %v of %d segments", missing, len(v.catalog.Segments))
	}
}
