package archive

import (
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/zkark/zkark/internal/zookeeper"
)

// history is a made-up ensemble: every record that any server logged, each with its true predecessor, and what an
// archive kept of it.
type history struct {
	parent map[zookeeper.Zxid]zookeeper.Zxid
	linked map[zookeeper.Zxid]bool // surviving segments begin with this record and know its predecessor
	held   map[zookeeper.Zxid]bool // surviving segments hold this record
	cat    Catalog
}

func (h *history) newest() zookeeper.Zxid {
	var newest zookeeper.Zxid
	for z := range h.held {
		newest = max(newest, z)
	}
	for _, b := range h.cat.Bases {
		if b.Start == b.End {
			newest = max(newest, b.Start)
		}
	}
	return newest
}

// path is the records of (start, z] in order, when the archive holds them all and every election among them is linked.
func (h *history) path(start, z zookeeper.Zxid) ([]zookeeper.Zxid, bool) {
	var path []zookeeper.Zxid
	for at := z; at != start; at = h.parent[at] {
		artificial := at.Counter() == 1 && start == zookeeper.MakeZxid(at.Epoch(), 0)
		if !h.held[at] || at.Counter() == 1 && !h.linked[at] && !artificial && h.parent[at]+1 != at {
			return nil, false
		}
		path = append(path, at)
		if artificial {
			break
		}
	}
	slices.Reverse(path)
	return path, true
}

// drawHistory makes epochs with committed records, dead proposals and leaders that nobody followed, then servers that logged
// parts of it, then segments cut from their logs, some of which are lost.
func drawHistory(t *rapid.T) *history {
	h := &history{parent: map[zookeeper.Zxid]zookeeper.Zxid{}, linked: map[zookeeper.Zxid]bool{}, held: map[zookeeper.Zxid]bool{}}
	var tip zookeeper.Zxid
	epoch := uint32(0)
	for range rapid.IntRange(1, 5).Draw(t, "epochs") {
		epoch += rapid.Uint32Range(1, 3).Draw(t, "elections")
		from := tip
		logged := rapid.Uint32Range(1, 12).Draw(t, "logged")
		committed := rapid.Uint32Range(0, logged).Draw(t, "committed")
		for n := uint32(1); n <= logged; n++ {
			z := zookeeper.MakeZxid(epoch, n)
			h.parent[z] = from
			from = z
			if n == committed {
				tip = z
			}
		}
		for range rapid.IntRange(1, 3).Draw(t, "servers") {
			drawLog(t, h, epoch, logged)
		}
	}
	drawBases(t, h)
	h.cat = ParseCatalog(objectsOf(h.cat))
	return h
}

// drawLog lets one server log a stretch of an epoch and ships it in pieces.
func drawLog(t *rapid.T, h *history, epoch, logged uint32) {
	first := rapid.Uint32Range(1, logged).Draw(t, "first")
	if rapid.Bool().Draw(t, "from the start") {
		first = 1
	}
	last := rapid.Uint32Range(first, logged).Draw(t, "last")
	for first <= last {
		cut := rapid.Uint32Range(first, last).Draw(t, "cut")
		s := Segment{First: zookeeper.MakeZxid(epoch, first), Last: zookeeper.MakeZxid(epoch, cut), Hash: "0123456789abcdef"}
		s.FirstTime, s.LastTime = time.UnixMilli(int64(first)).UTC(), time.UnixMilli(int64(cut)).UTC()
		s.Linked = first > 1 || rapid.IntRange(0, 3).Draw(t, "linked") > 0
		if s.Linked {
			s.Prev = h.parent[s.First]
		}
		if rapid.IntRange(0, 5).Draw(t, "lost") > 0 {
			h.keep(s)
		}
		first = cut + 1
	}
}

func (h *history) keep(s Segment) {
	h.cat.Segments = append(h.cat.Segments, s)
	for z := s.First; z <= s.Last; z++ {
		h.held[z] = true
	}
	if s.Linked {
		h.linked[s.First] = true
	}
}

func drawBases(t *rapid.T, h *history) {
	starts := []zookeeper.Zxid{0}
	for z := range h.parent {
		starts = append(starts, z)
		if z.Counter() == 1 {
			starts = append(starts, z-1)
		}
	}
	slices.Sort(starts)
	for _, start := range rapid.SliceOfN(rapid.SampledFrom(starts), 0, 4).Draw(t, "bases") {
		end := start + zookeeper.Zxid(rapid.IntRange(0, 3).Draw(t, "fuzzy"))
		h.cat.Bases = append(h.cat.Bases, Base{Start: start, End: end, Time: time.UnixMilli(0).UTC(), Hash: "0123456789abcdef"})
	}
}

func objectsOf(c Catalog) []Object {
	objects := []Object{{Key: TimelineKey}}
	for _, s := range c.Segments {
		objects = append(objects, Object{Key: s.Key(), Size: 1})
	}
	for _, b := range c.Bases {
		objects = append(objects, Object{Key: b.Key(), Size: 1})
	}
	return objects
}
