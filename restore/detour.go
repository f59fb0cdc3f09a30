package restore

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/zkark/zkark/internal/archive"
)

// without is the archive as if an object that turned out to be damaged or missing were not listed, when the same point can be
// restored without it: from an older base, or with the segment of another server. The report gets the new plan, and a warning.
func (a opened) without(err error, report *Report) (opened, bool) {
	var damaged *DamagedError
	var missing *MissingError
	var key string
	switch {
	case errors.As(err, &damaged):
		key = damaged.Key
	case errors.As(err, &missing):
		key = missing.Key
	default:
		return opened{}, false
	}
	name := strings.TrimPrefix(key, archive.TimelinePrefix(a.timeline))
	rest := a
	rest.catalog.Bases = slices.DeleteFunc(slices.Clone(a.catalog.Bases), func(b archive.Base) bool { return b.Key() == name })
	rest.catalog.Segments = slices.DeleteFunc(slices.Clone(a.catalog.Segments), func(s archive.Segment) bool { return s.Key() == name })
	if len(rest.catalog.Bases)+len(rest.catalog.Segments) == len(a.catalog.Bases)+len(a.catalog.Segments) {
		return opened{}, false
	}
	plan, planErr := archive.MakePlan(rest.catalog, archive.AtZxid(report.Plan.Target))
	if planErr != nil || plan.Target != report.Plan.Target {
		return opened{}, false
	}
	plan.Warnings = append(slices.Clone(report.Plan.Warnings), fmt.Sprintf("%v: going %s instead", err, way(plan)))
	report.Plan, report.Avoided = plan, append(report.Avoided, key)
	return rest, true
}

func way(p archive.Plan) string {
	if p.FromEmpty {
		return "from the first transaction on"
	}
	return fmt.Sprintf("from base %s by %d segments", p.Base.Start, len(p.Pieces))
}
