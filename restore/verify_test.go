package restore

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/snapshot"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

func (w *world) verify(t *testing.T, identities ...age.Identity) (Verified, error) {
	t.Helper()
	return Verify(context.Background(), Config{Bucket: w.bucket, DataDir: t.TempDir(), Now: time.Now, Identities: identities})
}

func TestASoundArchiveIsReadWholeAndRestoredFromEveryBase(t *testing.T) {
	for seed := range uint64(8) {
		w := newWorld(t, seed, 300)
		v, err := w.verify(t)
		if err != nil || len(v.Findings) > 0 {
			t.Fatalf("seed %d: %v, %+v", seed, err, v.Findings)
		}
		if objects := len(w.keys(t, "")); v.Objects != objects {
			t.Errorf("seed %d: %d objects were read, and there are %d", seed, v.Objects, objects)
		}
		for i, c := range v.Chains {
			if c.Proof == "" || i > 0 && c.Target >= v.Chains[i-1].Target {
				t.Errorf("seed %d: chains %+v", seed, v.Chains)
			}
		}
		if v.Chains[0].Target != w.last() || v.Records < int64(len(w.log)) || v.Digests == 0 {
			t.Errorf("seed %d: %+v of %d transactions up to %s", seed, v, len(w.log), w.last())
		}
	}
}

// damage is a way in which an object goes wrong, and what is then said of it.
type damage struct {
	do   func(t *testing.T, w *world) (key string)
	text string
}

func damages() map[string]damage {
	flip := func(o []byte) []byte { o[len(o)/2] ^= 1; return o }
	return map[string]damage{
		"a byte of a segment": {func(t *testing.T, w *world) string {
			key := w.keys(t, "log/")[3]
			w.replace(t, key, flip)
			return key
		}, "is damaged"},
		"a byte of the only base": {func(t *testing.T, w *world) string {
			key := w.keys(t, "snapshot/")[0]
			w.replace(t, key, flip)
			return key
		}, "is damaged"},
		"a segment that is cut": {func(t *testing.T, w *world) string {
			key := w.keys(t, "log/")[3]
			w.replace(t, key, func(o []byte) []byte { return o[:len(o)-9] })
			return key
		}, "is damaged"},
		"the content of another segment": {func(t *testing.T, w *world) string {
			keys := w.keys(t, "log/")
			var other []byte
			w.replace(t, keys[4], func(o []byte) []byte { other = bytes.Clone(o); return o })
			w.replace(t, keys[3], func([]byte) []byte { return other })
			return keys[3]
		}, "the hash of its content is"},
		"a copy that no restore reads": {func(t *testing.T, w *world) string {
			before := w.keys(t, "log/")
			w.segment(t, w.log[3:4], w.log[2].Zxid)
			key := newKey(before, w.keys(t, "log/"))
			w.replace(t, key, flip)
			return key
		}, "is damaged"},
		"a copy without all that its name promises": {func(t *testing.T, w *world) string {
			before := w.keys(t, "log/")
			w.segment(t, []txnlog.Txn{w.log[3], w.log[5]}, w.log[2].Zxid)
			return newKey(before, w.keys(t, "log/"))
		}, "should be"},
		"a copy that ends before its name says": {func(t *testing.T, w *world) string {
			before := w.keys(t, "log/")
			w.segment(t, w.log[3:5], w.log[2].Zxid)
			return w.rename(t, newKey(before, w.keys(t, "log/")), w.log[5].Zxid)
		}, "it ends before"},
		"a base that is another tree": {func(t *testing.T, w *world) string {
			w.forgeBase(t, w.keys(t, "snapshot/")[0])
			return ""
		}, "not proven"},
	}
}

func TestEveryKindOfDamageIsFoundAndTheObjectNamed(t *testing.T) {
	for name, c := range damages() {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 21, 60)
			key := c.do(t, w)
			v, err := w.verify(t)
			if err != nil || len(v.Findings) != 1 {
				t.Fatalf("%v, %+v", err, v.Findings)
			}
			f := v.Findings[0]
			if !strings.Contains(f.Text, c.text) || key != f.Key && !strings.Contains(f.Text, key) || f.Cost == "" {
				t.Errorf("got %+v; want %q of %s", f, c.text, key)
			}
		})
	}
}

func TestASecondDamagedSegmentOfTheSameChainIsFoundToo(t *testing.T) {
	w := newWorld(t, 21, 60)
	damaged := []string{w.keys(t, "log/")[2], w.keys(t, "log/")[4]}
	for _, key := range damaged {
		w.replace(t, key, func(o []byte) []byte { return o[:len(o)/2] })
	}
	v, err := w.verify(t)
	if err != nil || len(v.Findings) != 2 {
		t.Fatalf("%v, %+v", err, v.Findings)
	}
	for i, f := range v.Findings {
		if f.Key != damaged[i] || strings.HasPrefix(f.Cost, "nothing") {
			t.Errorf("got %+v, want %s", f, damaged[i])
		}
	}
}

// rename has a segment promise records up to last.
func (w *world) rename(t *testing.T, key string, last zookeeper.Zxid) string {
	t.Helper()
	s, ok := archive.ParseSegment(strings.TrimPrefix(key, archive.TimelinePrefix(1)))
	if !ok {
		t.Fatal(key)
	}
	s.Last = last
	var object []byte
	w.replace(t, key, func(o []byte) []byte { object = bytes.Clone(o); return o })
	w.replace(t, key, nil)
	w.put(t, archive.TimelinePrefix(1)+s.Key(), object)
	return archive.TimelinePrefix(1) + s.Key()
}

func newKey(before, after []string) string {
	for i, key := range after {
		if i >= len(before) || before[i] != key {
			return key
		}
	}
	return ""
}

// forgeBase replaces the base by one whose hash is right and one of whose znodes is not.
func (w *world) forgeBase(t *testing.T, key string) {
	t.Helper()
	base, ok := archive.ParseBase(strings.TrimPrefix(key, archive.TimelinePrefix(1)))
	if !ok {
		t.Fatal(key)
	}
	var file bytes.Buffer
	w.replace(t, key, func(object []byte) []byte {
		d, err := archive.NewDecoder(bytes.NewReader(object))
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		in, err := snapshot.NewReader(d, "snapshot", zookeeper.Plain)
		if err != nil {
			t.Fatal(err)
		}
		out, err := snapshot.NewWriter(&file, in.Sessions(), in.ACLs())
		for err == nil {
			var n snapshot.Node
			if n, err = in.Next(); err == nil {
				n.Stat.Ctime++
				err = out.Write(n)
			}
		}
		if err != io.EOF {
			t.Fatal(err)
		}
		if err := out.Close(in.Trailer()); err != nil {
			t.Fatal(err)
		}
		return object
	})
	w.replace(t, key, nil)
	w.object(t, func(hash string) string { base.Hash = hash; return base.Key() }, zookeeper.SnapshotName(base.Start, zookeeper.Plain), file.Bytes())
}

// A forged base without records behind it agrees with every digest there is. Only the log from an older base contradicts it.
func TestABaseThatIsAnotherTreeThanTheLogLeadsToIsFoundWithoutARecordBehindIt(t *testing.T) {
	w := newWorld(t, 4, 150)
	key := w.baseAtTheEnd(t)
	if v, err := w.verify(t); err != nil || len(v.Findings) > 0 || v.Chains[0].From != w.last() || v.Chains[1].Target != w.last() {
		t.Fatalf("%v, %+v", err, v)
	}
	w.forgeBase(t, key)
	v, err := w.verify(t)
	if err != nil || len(v.Findings) != 1 || !strings.Contains(v.Findings[0].Text, "another tree") || !strings.Contains(v.Findings[0].Key, "/snapshot/") {
		t.Errorf("%v, %+v", err, v.Findings)
	}
}

// baseAtTheEnd archives the state behind the last record.
func (w *world) baseAtTheEnd(t *testing.T) (key string) {
	t.Helper()
	last := w.last()
	state, _, err := Tree(context.Background(), w.config(t))
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := state.WriteSnapshot(&file, snapshot.Trailer{LastZxid: &last}); err != nil {
		t.Fatal(err)
	}
	b := archive.Base{Start: last, End: last, Time: time.UnixMilli(0)}
	w.object(t, func(hash string) string { b.Hash = hash; return b.Key() }, zookeeper.SnapshotName(last, zookeeper.Plain), file.Bytes())
	return archive.TimelinePrefix(1) + b.Key()
}

func TestADamagedBaseCostsNothingWhereAnOlderOneReachesTheSamePoints(t *testing.T) {
	w := newWorld(t, 3, 400)
	bases := w.keys(t, "snapshot/")
	if len(bases) < 3 {
		t.Fatal("too few bases")
	}
	key := bases[len(bases)-1]
	w.replace(t, key, func(o []byte) []byte { return o[:len(o)/2] })
	v, err := w.verify(t)
	if err != nil || len(v.Findings) == 0 || !strings.Contains(v.Findings[0].Text, key) || !strings.HasPrefix(v.Findings[0].Cost, "nothing") {
		t.Fatalf("%v, %+v", err, v.Findings)
	}
	for _, c := range v.Chains {
		if c.Proof == "" {
			t.Errorf("%+v did not come back", c)
		}
	}
}

func TestAnArchiveThatCannotBeReadIsNotCalledSound(t *testing.T) {
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, 91, 60, key.Recipient())
	if _, err := w.verify(t); !errors.Is(err, archive.ErrEncrypted) {
		t.Errorf("without a key: %v", err)
	}
	if v, err := w.verify(t, key); err != nil || len(v.Findings) > 0 {
		t.Errorf("with the key: %v, %+v", err, v.Findings)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Verify(ctx, Config{Bucket: w.bucket, DataDir: t.TempDir(), Now: time.Now, Identities: []age.Identity{key}}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
