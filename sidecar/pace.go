package sidecar

import (
	"slices"
	"time"
)

// place is a sidecar's among those that share the turns: rank, counted from 0, of so many.
type place struct{ rank, of int }

// placeOf gives the sidecars of an ensemble their places in order of their servers' ids. The leader's takes part like the others: who
// leads can change between two turns, and whoever is not known to be there counts, so that no role can make the turns too many.
// With no ids, or its own not among them, a sidecar comes first.
func placeOf(ids []int, self int) place {
	sorted := slices.Compact(slices.Sorted(slices.Values(ids)))
	return place{max(0, slices.Index(sorted, self)), max(1, len(sorted))}
}

// period is T = Z / R: the time between two turns of one sidecar, when Z of them take R turns a second together.
func (p place) period(rate float64) time.Duration {
	return time.Duration(float64(p.of) / rate * float64(time.Second))
}

// nextTurn is the first of the sidecar's turns after now. Turns are counted from the Unix epoch and offset by rank, so that sidecars
// with the same time of day take them one after the other, 1/R apart. Clocks that differ make them come closer to each
// other, and no more often.
func (p place) nextTurn(now time.Time, rate float64) time.Time {
	period := p.period(rate)
	offset := time.Duration(p.rank) * period / time.Duration(p.of)
	since := (time.Duration(now.UnixNano()) - offset) % period
	return now.Add(period - since)
}
