package archive

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/zkark/zkark/internal/zookeeper"
)

func TestProofsBeginWithEveryBaseThatCanBeUsedAndReachEveryPoint(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t)
		s, plans := NewSurvey(h.cat), Proofs(h.cat)
		for _, z := range h.interesting() {
			p, err := MakePlan(h.cat, AtZxid(z))
			if err != nil || p.Target != z || !alive(s, z) {
				continue
			}
			same := func(q Plan) bool {
				return q.FromEmpty == p.FromEmpty && q.Base.Key() == p.Base.Key() && q.Target >= z
			}
			if !slices.ContainsFunc(plans, same) {
				t.Fatalf("a restore to %s begins with %s, and no proof does and goes so far: %+v\n%+v", z, p.Base.Key(), plans, h.cat)
			}
		}
		segments, bases := Unplanned(h.cat, plans)
		read := map[string]bool{}
		for _, p := range plans {
			read[p.Base.Key()] = !p.FromEmpty
			for _, piece := range p.Pieces {
				read[piece.Key()] = true
			}
		}
		for _, s := range h.cat.Segments {
			if read[s.Key()] == slices.ContainsFunc(segments, func(u Segment) bool { return u.Key() == s.Key() }) {
				t.Fatalf("%s is read, or unplanned, not both", s.Key())
			}
		}
		for _, b := range h.cat.Bases {
			if read[b.Key()] == slices.ContainsFunc(bases, func(u Base) bool { return u.Key() == b.Key() }) {
				t.Fatalf("%s is read, or unplanned, not both", b.Key())
			}
		}
	})
}

func alive(s Survey, z zookeeper.Zxid) bool {
	return slices.ContainsFunc(s.Stretches, func(t Stretch) bool { return !t.Dead && t.holds(z) })
}
