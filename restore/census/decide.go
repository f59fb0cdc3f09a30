package census

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/zookeeper"
)

// Count is what the entries come to.
type Count struct {
	// Lost tells that a whole-ensemble restore may go ahead by itself.
	Lost   bool   `json:"lost"`
	Reason string `json:"reason"` // a clause

	Missing []int `json:"missing,omitempty"` // voters that have not reported lately
	Empty   []int `json:"empty,omitempty"`   // voters that hold nothing
	Holding []int `json:"holding,omitempty"` // voters that hold data
}

// Round is what a count is made from.
type Round struct {
	Voters  []int // of the own configuration, sorted
	Entries []archive.CensusEntry
	Now     time.Time      // by the clock that the entries have their times from; what is Recent from it, before or after, counts
	Tip     zookeeper.Zxid // the newest that the archive holds of the chain, listed after the entries were read
}

// Decide counts. An entry by another configuration makes nothing safe, and one of the future comes from a clock that is wrong.
func Decide(r Round) Count {
	var c Count
	var unshipped, others []int
	for _, id := range r.Voters {
		i := slices.IndexFunc(r.Entries, func(e archive.CensusEntry) bool { return e.Server == id })
		if i < 0 || r.Now.Sub(r.Entries[i].Time).Abs() > Recent {
			c.Missing = append(c.Missing, id)
			continue
		}
		e := r.Entries[i]
		if !slices.Equal(slices.Sorted(slices.Values(e.Voters)), r.Voters) {
			others = append(others, id)
		}
		if !e.Holds {
			c.Empty = append(c.Empty, id)
			continue
		}
		c.Holding = append(c.Holding, id)
		if !e.Shipped || e.Last > r.Tip {
			unshipped = append(unshipped, id)
		}
	}
	switch {
	case len(c.Missing) > 0:
		c.Reason = "voters " + list(c.Missing) + " have not said through the archive what they hold"
	case len(others) > 0:
		c.Reason = "voters " + list(others) + " have another configuration than this one"
	case len(c.Empty) <= len(r.Voters)/2:
		c.Reason = "voters " + list(c.Holding) + " hold data and can lead a quorum once they run"
	case len(unshipped) > 0:
		c.Reason = "voters " + list(unshipped) + " hold data that the archive lacks"
	default:
		c.Lost = true
		c.Reason = fmt.Sprintf("%d of %d voters hold nothing, and all have said so: everybody goes to the tip of the archive", len(c.Empty), len(r.Voters))
	}
	return c
}

func list(ids []int) string {
	var words []string
	for _, id := range ids {
		words = append(words, fmt.Sprint(id))
	}
	return strings.Join(words, ", ")
}
