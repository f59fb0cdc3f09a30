package uploader_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/store"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/uploader"
)

// sealed is a world whose archive only the identity reads.
func sealed(t *testing.T) (*world, *age.X25519Identity) {
	t.Helper()
	k, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld()
	w.to = []age.Recipient{k.Recipient()}
	return w, k
}

func TestSegmentsAndBasesAreReadableForTheirRecipientOnly(t *testing.T) {
	w, k := sealed(t)
	w.linked(1, 25, 0)
	w.snapshot(20, 20, w.now, nil)
	u := w.uploader()
	ship(t, u)
	shipBase(t, u)
	if len(w.puts) != 4 {
		t.Fatalf("%q, want three segments and a base", w.puts)
	}
	for _, key := range w.puts {
		if !strings.HasSuffix(key, ".zst.age") {
			t.Errorf("%s does not say that it is encrypted", key)
		}
		if err := w.read(t, key); !errors.Is(err, archive.ErrEncrypted) {
			t.Errorf("%s: %v, want ErrEncrypted", key, err)
		}
		if err := w.read(t, key, k); err != nil {
			t.Errorf("%s: %v", key, err)
		}
	}
	if a := w.stat(t, w.puts[0]); a.Size != w.catalog(t).Segments[0].Size {
		t.Errorf("the size in the listing is %d, of the object %d", w.catalog(t).Segments[0].Size, a.Size)
	}
}

func (w *world) read(t *testing.T, key string, identities ...age.Identity) error {
	t.Helper()
	body, err := w.bucket.Get(t.Context(), archive.TimelinePrefix(1)+key, 0)
	if err != nil {
		t.Fatal(err)
	}
	d, err := archive.NewDecoder(body, identities...)
	if err != nil {
		return err
	}
	defer d.Close()
	_, err = io.Copy(io.Discard, d)
	return err
}

func (w *world) stat(t *testing.T, key string) store.Attrs {
	t.Helper()
	a, err := w.bucket.Stat(t.Context(), archive.TimelinePrefix(1)+key)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestALostAnswerMakesNoSecondEncryptedObject(t *testing.T) {
	w, _ := sealed(t)
	w.linked(1, 5, 0)
	u := w.uploader()
	lose := true
	remember := w.bucket.After
	w.bucket.After = func(op, key string) error {
		if op == "put" && strings.Contains(key, ".zst") && lose {
			lose = false
			return store.ErrUnavailable
		}
		return remember(op, key)
	}
	for range 3 {
		if err := u.ShipLog(t.Context(), func(archive.Segment) {}); err != nil && !errors.Is(err, store.ErrUnavailable) {
			t.Fatal(err)
		}
	}
	if n := len(w.catalog(t).Segments); n != 1 {
		t.Errorf("%d segments, want 1", n)
	}
}

func TestAnotherHistoryIsFoundInTheNamesOfWhatOnlyOthersRead(t *testing.T) {
	w, _ := sealed(t)
	w.linked(1, 25, 0)
	ship(t, w.uploader())
	w.linked(26, 30, 25)
	before := len(w.puts)
	ship(t, w.uploader()) // another uploader of the same history goes on
	if len(w.puts) == before {
		t.Fatal("the same history was not recognised")
	}
	w.runs, w.delay = nil, 1
	w.linked(1, 28, 0)
	w.linked(29, 40, 28)
	before = len(w.puts)
	err := w.uploader().ShipLog(t.Context(), func(archive.Segment) {})
	if !errors.Is(err, uploader.ErrOtherHistory) || len(w.puts) > before {
		t.Errorf("error %v and %d new objects, want ErrOtherHistory and none", err, len(w.puts)-before)
	}
}

func TestAServerBehindAnEncryptedSegmentAddsNothingUntilItCanBeCompared(t *testing.T) {
	w, _ := sealed(t)
	w.linked(1, 10, 0)
	ship(t, w.uploader())
	w.runs = nil
	w.linked(3, 5, 2)
	u := w.uploader()
	if err := u.ShipLog(t.Context(), func(archive.Segment) {}); err == nil || errors.Is(err, uploader.ErrOtherHistory) {
		t.Errorf("error %v, want one that says that nothing can be compared yet", err)
	}
	w.runs = nil
	w.linked(3, 12, 2)
	w.delay = 1
	if err := w.uploader().ShipLog(t.Context(), func(archive.Segment) {}); !errors.Is(err, uploader.ErrOtherHistory) {
		t.Errorf("error %v, want ErrOtherHistory", err)
	}
	w.delay = 0
	ship(t, u)
	if missing := archive.Missing(w.catalog(t), 1, 12); len(missing) > 0 {
		t.Errorf("missing: %v", missing)
	}
}

func TestAQuorumIsRecognisedByTheFirstRecordWhenTheLastWasNeverCommitted(t *testing.T) {
	w, _ := sealed(t)
	e2, e3 := zookeeper.MakeZxid(2, 0), zookeeper.MakeZxid(3, 0)
	w.linked(e2+1, e2+5, 0) // of which the last two are dead
	ship(t, w.uploader())
	w.runs = nil
	w.linked(e2+1, e2+3, 0)
	w.linked(e3+1, e3+2, e2+3)
	u := w.uploader()
	u.Source = 1
	ship(t, u)
	w.runs, w.delay = nil, 1
	w.linked(e2+1, e2+3, 0)
	other := w.uploader()
	other.Source = 1
	if err := other.ShipLog(t.Context(), func(archive.Segment) {}); !errors.Is(err, uploader.ErrOtherHistory) {
		t.Errorf("error %v, want ErrOtherHistory", err)
	}
}

func TestAnArchiveMayBecomeEncryptedLater(t *testing.T) {
	w, k := sealed(t)
	to := w.to
	w.to = nil
	w.linked(1, 5, 0)
	ship(t, w.uploader())
	w.to, w.runs = to, nil
	w.linked(1, 9, 0)
	ship(t, w.uploader())
	for i, key := range w.puts {
		if err := w.read(t, key, k); err != nil || strings.HasSuffix(key, ".age") != (i > 0) {
			t.Errorf("%s: %v", key, err)
		}
	}
	plan, err := archive.MakePlan(w.catalog(t), archive.Latest())
	if _, any := plan.Encrypted(); err != nil || !any || len(plan.Pieces) != 2 || plan.Target != zookeeper.Zxid(9) {
		t.Errorf("plan %+v, %v", plan, err)
	}
}
