package archive

import (
	"slices"

	"github.com/zkark/zkark/internal/zookeeper"
)

// Proofs are plans that together begin with every base that a restore can begin with, newest points first: each goes up to where the next
// base is consistent, so that the two can be compared there, the newest of a stretch of points to its end. What they read of segments
// is, but for where bases are fuzzy, each record once. Points that are dead are left out.
func Proofs(c Catalog) []Plan {
	p, err := newPlanner(c)
	if err != nil {
		return nil
	}
	var plans []Plan
	for _, stretch := range slices.Backward(NewSurvey(c).Stretches) {
		if !stretch.Dead {
			plans = append(plans, p.proofs(stretch)...)
		}
	}
	return plans
}

// proofs goes down a stretch, from base to base.
func (p planner) proofs(s Stretch) (plans []Plan) {
	for at, ok := s.Last(), true; ok; {
		plan, err := p.plan(AtZxid(at))
		if err != nil || plan.Target != at {
			return plans
		}
		plans = append(plans, plan)
		if plan.FromEmpty {
			return plans
		}
		p.Bases = Older(p.Bases, plan.Base)
		at, ok = p.below(s, plan.Base.End)
	}
	return plans
}

// Older are the bases of a catalog that a plan would rather not begin with when it can begin with b.
func Older(bases []Base, b Base) []Base {
	return bases[:max(0, slices.IndexFunc(bases, func(o Base) bool { return o.Key() == b.Key() }))]
}

// below is where a base takes over from older ones: the state in which it is consistent itself, where that is a point of the stretch
// without it.
func (p planner) below(s Stretch, end zookeeper.Zxid) (zookeeper.Zxid, bool) {
	if plan, err := p.plan(AtZxid(end)); err == nil && plan.Target == end && s.holds(end) {
		return end, true
	}
	return s.before(end)
}

// before is the last point of a stretch before z.
func (s Stretch) before(z zookeeper.Zxid) (zookeeper.Zxid, bool) {
	for _, r := range slices.Backward(s.Ranges) {
		if r.First < z {
			return min(r.Last, z-1), true
		}
	}
	return 0, false
}

// Unplanned are the objects of a catalog that no plan reads: other servers' copies, bases that cannot be used, dead branches.
func Unplanned(c Catalog, plans []Plan) (segments []Segment, bases []Base) {
	read := map[string]bool{}
	for _, plan := range plans {
		if !plan.FromEmpty {
			read[plan.Base.Key()] = true
		}
		for _, piece := range plan.Pieces {
			read[piece.Key()] = true
		}
	}
	for _, s := range c.Segments {
		if !read[s.Key()] {
			segments = append(segments, s)
		}
	}
	for _, b := range c.Bases {
		if !read[b.Key()] {
			bases = append(bases, b)
		}
	}
	return segments, bases
}
