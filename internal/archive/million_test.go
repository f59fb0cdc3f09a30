package archive

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"github.com/zkark/zkark/internal/zookeeper"
)

// million is a listing of a million segments of three servers in twenty epochs, with a base every twenty thousand.
func million() []Object {
	const epochs, each = 20, 50_000
	objects := make([]Object, 0, epochs*each+epochs*each/20_000)
	at := today().Add(-30 * day)
	var prev zookeeper.Zxid
	for e := range uint32(epochs) {
		for n := range uint32(each) {
			first := zookeeper.MakeZxid(e+1, n*10+1)
			s := Segment{First: first, Last: first + 9, Prev: prev, Linked: true, Source: int(n % 3), FirstTime: at, LastTime: at,
				Hash: fixed(first)}
			at = at.Add(2 * time.Second)
			objects = append(objects, Object{Key: s.Key(), Size: 1000, Modified: at})
			prev = s.Last
		}
	}
	for i := 0; i < epochs*each; i += 20_000 {
		s, _ := ParseSegment(objects[i].Key)
		b := Base{Start: s.First, End: s.Last, Time: objects[i].Modified, Hash: s.Hash}
		objects = append(objects, Object{Key: b.Key(), Size: 1 << 20, Modified: objects[i].Modified})
	}
	return objects
}

// A million segments are half a year of one a second with compaction, or twelve days without.
func BenchmarkCatalogOfAMillionSegments(b *testing.B) {
	objects := million()
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(512 << 20))
	debug.FreeOSMemory()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for b.Loop() {
		c := ParseCatalog(objects)
		for _, to := range []Point{Latest(), AtZxid(zookeeper.MakeZxid(1, 400_000))} {
			if _, err := MakePlan(c, to); err != nil {
				b.Fatal(err)
			}
		}
		if missing := Missing(c, c.Segments[0].First, c.Segments[0].First+499_999); len(missing) > 0 {
			b.Fatalf("missing %v", missing)
		}
	}
	runtime.ReadMemStats(&after)
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/catalog")
	b.ReportMetric(float64(after.HeapSys-after.HeapReleased), "heap-bytes")
	b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/float64(b.N), "allocated-bytes/op")
}

func BenchmarkRetentionOfAMillionSegments(b *testing.B) {
	c := ParseCatalog(million())
	for b.Loop() {
		if _, err := Expendable(c, Retention{Keep: 7 * day, KeepDaily: 30 * day, Grace: day}, today()); err != nil {
			b.Fatal(err)
		}
	}
}
