package archive

import (
	"slices"
	"sort"

	"github.com/zkark/zkark/internal/zookeeper"
)

// Island is records that are proven to follow each other.
type Island struct {
	After  zookeeper.Zxid // the state before the first of them
	Pieces []Piece        // that hold them, in order; never none
}

// Last is the last record.
func (i Island) Last() zookeeper.Zxid { return i.Pieces[len(i.Pieces)-1].UpTo }

// Islands is all that is held of the history, in order. Between two of them nothing proves what happened. Records on dead
// branches are left out.
func (c Catalog) Islands() []Island {
	p, err := newPlanner(c)
	if err != nil {
		return nil
	}
	var islands []Island
	for spans, runs := p.chain, p.runs; ; {
		oldest := spans[len(spans)-1]
		held := slices.Clone(spans)
		if oldest.first > oldest.upTo {
			held = held[:len(held)-1] // the far end of a link: nothing is held there
		}
		if len(held) > 0 {
			after := held[len(held)-1].after
			slices.Reverse(held)
			islands = append(islands, Island{After: after, Pieces: c.cover(held)})
		}
		runs = runs[:sort.Search(len(runs), func(i int) bool { return runs[i].first >= oldest.first })]
		if len(runs) == 0 {
			break
		}
		spans, _ = walk(p.runs, runs[len(runs)-1].last)
	}
	slices.Reverse(islands)
	return islands
}

// CountAfter is how many of the islands' records come after a state.
func CountAfter(islands []Island, state zookeeper.Zxid) (n uint64) {
	for _, island := range islands {
		for _, p := range island.Pieces {
			if p.UpTo > state {
				n += uint64(p.UpTo-max(p.First, state+1)) + 1
			}
		}
	}
	return n
}
