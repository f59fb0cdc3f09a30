package archive

import (
	"maps"
	"slices"
	"time"
)

// period is from the oldest record to the newest, by the leaders' clocks.
func period(c Catalog) (since, until time.Time) {
	for i := range c.Segments {
		s := &c.Segments[i]
		if since.IsZero() || s.FirstTime.Before(since) {
			since = s.FirstTime
		}
		if s.LastTime.After(until) {
			until = s.LastTime
		}
	}
	return since, until
}

// shippers counts what each server's sidecar has archived.
func shippers(c Catalog) []Shipper {
	servers := map[int]*Shipper{}
	of := func(source int) *Shipper {
		if servers[source] == nil {
			servers[source] = &Shipper{Source: source}
		}
		return servers[source]
	}
	for i := range c.Segments {
		s := &c.Segments[i]
		server := of(s.Source)
		server.Segments++
		server.Bytes += s.Size
		if s.Last >= server.Last {
			server.Last, server.LastTime = s.Last, s.LastTime
		}
	}
	for _, b := range c.Bases {
		server := of(b.Source)
		server.Bases++
		server.Bytes += b.Size
	}
	var sorted []Shipper
	for _, source := range slices.Sorted(maps.Keys(servers)) {
		sorted = append(sorted, *servers[source])
	}
	return sorted
}

// redundant counts the segments that are not among the fewest that hold everything.
func (c Catalog) redundant(runs []run) Redundancy {
	r := Redundancy{Segments: len(c.Segments)}
	for i := range c.Segments {
		r.Bytes += c.Segments[i].Size
	}
	spans := make([]span, len(runs))
	for i, run := range runs {
		spans[i] = span{first: run.first, upTo: run.last}
	}
	c.eachPiece(spans, func(p Piece) {
		r.Segments--
		r.Bytes -= p.Size
	})
	return r
}
