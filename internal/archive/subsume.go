package archive

import (
	"cmp"
	"strings"

	"github.com/zkark/zkark/internal/zookeeper"
)

// removeSubsumed lists the segments whose records and link a larger segment has too, which was stored longer than the grace
// period ago. What the catalog holds and proves is the same without them.
func (k *keeper) removeSubsumed() {
	var widest, wide zookeeper.Zxid // the highest Last of elders that begin before this First, and before the next one
	for i := 0; i < len(k.Segments); {
		j := i
		for j < len(k.Segments) && k.Segments[j].First == k.Segments[i].First {
			j++
		}
		elders := k.elders(i, j)
		for ; i < j; i++ {
			s := k.Segments[i]
			if !k.gone[i] && (s.Last <= widest || elders.subsume(s)) {
				k.Remove = append(k.Remove, Expired{s.Key(), s.Size, Subsumed})
			}
			if k.elder(i) {
				wide = max(wide, s.Last)
			}
		}
		widest = wide
	}
}

// elder tells whether a segment may take the place of smaller ones.
func (k *keeper) elder(i int) bool {
	stored := k.Segments[i].Modified
	return !k.gone[i] && !stored.IsZero() && k.now.Sub(stored) >= k.Grace
}

// elders is, of the segments that begin with the same record, the largest old one for each claim of what comes before, and the
// largest of all.
type elders struct {
	any     *Segment
	claimed map[zookeeper.Zxid]*Segment
}

// elders looks at the segments from to to, the latter not included, which begin with the same record.
func (k *keeper) elders(from, to int) elders {
	if to-from == 1 {
		return elders{}
	}
	e := elders{claimed: map[zookeeper.Zxid]*Segment{}}
	for i := from; i < to; i++ {
		if !k.elder(i) {
			continue
		}
		s := &k.Segments[i]
		if e.any == nil || s.outlives(*e.any) {
			e.any = s
		}
		if c := e.claimed[s.Prev]; s.Linked && (c == nil || s.outlives(*c)) {
			e.claimed[s.Prev] = s
		}
	}
	return e
}

func (e elders) subsume(s Segment) bool {
	by := e.any
	if s.Linked {
		by = e.claimed[s.Prev]
	}
	return by != nil && by.Last >= s.Last && by.outlives(s)
}

// outlives orders segments that begin with the same record by which of them stays: the larger one, then the one that
// names its predecessor, then the older one.
func (s Segment) outlives(o Segment) bool {
	if s.Last != o.Last {
		return s.Last > o.Last
	}
	if s.Linked != o.Linked {
		return s.Linked
	}
	return cmp.Or(s.Modified.Compare(o.Modified), strings.Compare(s.Key(), o.Key())) < 0
}
