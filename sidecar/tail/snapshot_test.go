package tail_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/snapshot"
	"github.com/zkark/zkark/sidecar/tail"
	"github.com/zkark/zkark/sidecar/tail/tailtest"
)

func TestASnapshotIsCopiedUnpackedAndWhole(t *testing.T) {
	for _, c := range []zookeeper.Compression{zookeeper.Plain, zookeeper.Gzip} {
		d := tailtest.New(t)
		tl := start(t, d)
		trailer := snapshot.Trailer{Digest: &snapshot.Digest{Zxid: 7, Version: 2, Tree: 1}}
		d.Snapshot(5, c, trailer)
		look(t, tl)
		var got bytes.Buffer
		end, err := tl.CopySnapshot(t.Context(), tl.Snapshots()[0], &got)
		if err != nil {
			t.Fatal(err)
		}
		if end != 7 || !bytes.Equal(got.Bytes(), tailtest.SnapshotBytes(t, trailer)) {
			t.Errorf("%q: end %s, %d bytes; want 0x7 and the plain snapshot", c, end, got.Len())
		}
	}
}

func TestASnapshotThatTellsNoEndIsBoundedByTheLogReadAfterIt(t *testing.T) {
	d := tailtest.New(t)
	tl := start(t, d)
	l := d.Log(1, 5)
	d.Snapshot(5, zookeeper.Plain, snapshot.Trailer{Digest: &snapshot.Digest{Version: 2}})
	look(t, tl)
	l.Append(6, 8) // the snapshot may have got some of it
	end, err := tl.CopySnapshot(t.Context(), tl.Snapshots()[0], io.Discard)
	if err != nil || end != 8 {
		t.Errorf("end %s, %v; want 0x8", end, err)
	}
}

func TestASnapshotThatIsStillBeingWrittenIsNotSealed(t *testing.T) {
	d := tailtest.New(t)
	tl := start(t, d)
	name := d.Snapshot(5, zookeeper.Plain, snapshot.Trailer{})
	whole := tailtest.SnapshotBytes(t, snapshot.Trailer{})
	for cut := range len(whole) {
		if err := os.WriteFile(d.File(name), whole[:cut], 0o644); err != nil {
			t.Fatal(err)
		}
		look(t, tl)
		if _, err := tl.CopySnapshot(t.Context(), tl.Snapshots()[0], io.Discard); !errors.Is(err, snapshot.ErrUnsealed) {
			t.Fatalf("%d of %d bytes: error %v, want ErrUnsealed", cut, len(whole), err)
		}
	}
}

func TestASnapshotWrittenAnewWhileItIsCopiedIsRefused(t *testing.T) {
	d := tailtest.New(t)
	tl := start(t, d)
	name := d.Snapshot(5, zookeeper.Plain, snapshot.Trailer{})
	look(t, tl)
	touch := writerFunc(func(p []byte) (int, error) {
		at := time.Unix(1, 0)
		return len(p), os.Chtimes(d.File(name), at, at)
	})
	if _, err := tl.CopySnapshot(t.Context(), tl.Snapshots()[0], touch); !errors.Is(err, tail.ErrChanged) {
		t.Errorf("error %v, want ErrChanged", err)
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
