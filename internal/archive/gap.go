package archive

import (
	"fmt"

	"github.com/zkark/zkark/internal/zookeeper"
)

// Gap is where the archive lacks records, or the proof that it lacks none.
type Gap struct {
	After  zookeeper.Zxid // the newest record before it that is held, or where none is, what a base holds
	Before zookeeper.Zxid // the oldest record after it that is held

	// Missing is the records that the server counted and no object holds; nil when only the proof is missing of what
	// Before follows.
	Missing *Range
	// Open tells that more may be missing between After and Missing, or Before: whole epochs of which nothing is known.
	Open bool
	// Bridged tells that a base after the gap makes the points from there on restorable.
	Bridged bool
}

// String is a sentence.
func (g Gap) String() string {
	switch {
	case g.Missing == nil:
		return fmt.Sprintf("nothing proves what came before %s; the newest record before it is %s", g.Before, g.After)
	case g.Open:
		return fmt.Sprintf("%s are missing, and nothing tells what came between %s and them", g.Missing, g.After)
	}
	return fmt.Sprintf("%s are missing, between %s and %s", g.Missing, g.After, g.Before)
}

// addGap adds what lies between an island and what is held of older runs. With nothing older the archive begins with the island. Where servers
// disagree on what came before, that is a divergence.
func (v *surveyor) addGap(island []span, older []run) {
	oldest := island[len(island)-1]
	records := held(island)
	end := oldest.after // the newest record that is missing
	bottom, _ := v.index(records[len(records)-1].first)
	if end == 0 || end <= v.Floor() || len(v.runs[bottom].prevs) > 1 {
		return
	}
	after, ok := v.below(end, older)
	if !ok {
		return
	}
	g := Gap{After: after, Before: records[len(records)-1].first, Open: after.Epoch() != end.Epoch()}
	if first, floor := after+1, v.Floor(); end.Counter() > 0 {
		if g.Open {
			first = zookeeper.MakeZxid(end.Epoch(), 1)
		}
		if floor >= first {
			first, g.Open = floor+1, false
		}
		g.Missing = &Range{first, end}
	}
	g.Bridged = v.opensOn(records)
	v.survey.Gaps = append(v.survey.Gaps, g)
}

// below is the newest record, or else the newest state of a base, before end.
func (v *surveyor) below(end zookeeper.Zxid, older []run) (zookeeper.Zxid, bool) {
	if len(older) > 0 {
		return older[len(older)-1].last, true
	}
	var newest zookeeper.Zxid
	found := false
	for _, b := range v.Bases {
		if b.Start < end {
			newest, found = b.Start, true
		}
	}
	return newest, found
}

// opensOn tells whether restore points begin on the spans.
func (v *surveyor) opensOn(records []span) bool {
	for _, span := range records {
		i, _ := v.index(span.first)
		if from := v.origins[i]; from.ok && from.point <= span.upTo {
			return true
		}
	}
	return false
}
