package archive

import (
	"errors"
	"fmt"
	"slices"

	"github.com/zkark/zkark/internal/zookeeper"
)

// ErrEmpty is returned when a catalog holds nothing to restore from.
var ErrEmpty = errors.New("the archive holds no base and no segment")

// NoChainError is returned when the archive cannot prove a way to a point.
type NoChainError struct {
	Target zookeeper.Zxid
	// Below is the oldest record that the chain to Target reaches back to; what comes before it is not held.
	Below zookeeper.Zxid
	// Fuzzy is the oldest base on the chain, when there is one: its End is past the target, or was never committed.
	Fuzzy *Base
}

// Error names what is missing.
func (e *NoChainError) Error() string {
	switch {
	case e.Fuzzy != nil && e.Fuzzy.End > e.Target:
		return fmt.Sprintf("no chain reaches %s: the only base on it, %s, is not consistent before %s", e.Target, e.Fuzzy.Start, e.Fuzzy.End)
	case e.Fuzzy != nil:
		return fmt.Sprintf("no chain reaches %s: the only base on it, %s, may hold part of transactions up to %s that were never committed",
			e.Target, e.Fuzzy.Start, e.Fuzzy.End)
	}
	return fmt.Sprintf("no chain reaches %s: the records up to it go back to %s, and the archive holds neither a base from there on nor the records before",
		e.Target, e.Below)
}

// DivergedError is returned when servers disagree on what came before a record.
type DivergedError struct {
	At    zookeeper.Zxid
	Prevs []zookeeper.Zxid
}

// Error names the record and the claims.
func (e *DivergedError) Error() string {
	return fmt.Sprintf("servers disagree on what came before %s: %s", e.At, e.Prevs)
}

// Piece is the part of a segment that a plan uses: its records First to UpTo, both included.
type Piece struct {
	Segment
	First, UpTo zookeeper.Zxid
}

// Plan rebuilds one point: load Base, then apply the pieces in order. Their records join up without a hole from the one after
// Base.Start to Target.
type Plan struct {
	Base Base // the zero Base for FromEmpty
	// FromEmpty tells that there is no object to start from, and need not be: the pieces begin with the first
	// transaction that the server ever made. A server of ZooKeeper 3.4 starts without writing a snapshot.
	FromEmpty bool

	Pieces []Piece
	Target zookeeper.Zxid // the zxid that will be restored; Base.Start when there are no pieces
	Bytes  int64          // size of all the objects it reads

	// Warnings are sentences that a person should read before going ahead.
	Warnings []string
}

// Encrypted is the key of the first object of the plan that takes an identity to read, if there is one.
func (p Plan) Encrypted() (key string, any bool) {
	if p.Base.Encrypted {
		return p.Base.Key(), true
	}
	for _, piece := range p.Pieces {
		if piece.Encrypted {
			return piece.Key(), true
		}
	}
	return "", false
}

// MakePlan finds the way to a point that reads the fewest records: the newest base on the chain that is
// consistent by then, and the fewest segments after it. It fails with ErrEmpty, *NoChainError or *DivergedError.
func MakePlan(c Catalog, to Point) (Plan, error) {
	p, err := newPlanner(c)
	if err != nil {
		return Plan{}, err
	}
	return p.plan(to)
}

// planner is what plans for several points have in common.
type planner struct {
	Catalog
	runs   []run
	newest zookeeper.Zxid
	chain  []span // back from newest
	broken error  // why the chain ends where it does, when servers disagree there
}

func newPlanner(c Catalog) (planner, error) {
	newest, ok := c.Newest()
	if !ok {
		return planner{}, ErrEmpty
	}
	p := planner{Catalog: c, runs: c.runs(), newest: newest}
	p.chain, p.broken = walk(p.runs, newest)
	return p, nil
}

func (p planner) plan(to Point) (Plan, error) {
	target, warnings, spans, err := p.newest, []string(nil), p.chain, p.broken
	at, isZxid := to.Zxid()
	switch {
	case !isZxid && to.kind != pointLatest:
		return Plan{}, fmt.Errorf("plan for %s: which zxid that is has to be looked up first", to)
	case isZxid && at > p.newest:
		warnings = []string{fmt.Sprintf("the archive ends at %s: it does not hold %s", p.newest, at)}
	case isZxid && at < p.newest:
		target, warnings = roundDown(p.chain, at)
		spans, err = walk(p.runs, target)
	}
	base, found := p.baseOn(spans, target)
	switch {
	case found || target > 0 && fromEmpty(spans):
		plan := p.planFrom(base, spans)
		plan.FromEmpty, plan.Warnings = !found, warnings
		return plan, nil
	case err != nil:
		return Plan{}, err
	}
	return Plan{}, p.noChain(spans, target)
}

// Newest is the last point there is: the last record of any segment, or a base beyond it that is consistent on its
// own. A leader's epoch is higher than that of every record a majority ever saw, so what does not lie on the chain to it is
// dead.
func (c Catalog) Newest() (zookeeper.Zxid, bool) {
	var newest zookeeper.Zxid
	for _, s := range c.Segments {
		newest = max(newest, s.Last)
	}
	for _, b := range c.Bases {
		if b.Start == b.End {
			newest = max(newest, b.Start)
		}
	}
	return newest, len(c.Segments)+len(c.Bases) > 0
}

// roundDown is the last record of the chain at or before z. Further back than the chain reaches, z stands for itself, and
// from another epoch that takes a warning: nothing proves that it was ever committed.
func roundDown(chain []span, z zookeeper.Zxid) (zookeeper.Zxid, []string) {
	for _, s := range chain {
		if z >= s.first {
			return min(z, s.upTo), nil
		}
		if z >= s.after {
			return s.after, nil
		}
	}
	oldest := chain[len(chain)-1].first
	if z.Epoch() == oldest.Epoch() {
		return z, nil
	}
	return z, []string{fmt.Sprintf("the archive does not hold what came before %s: nothing proves that %s was ever committed", oldest, z)}
}

// baseOn is the newest base on the spans that is consistent by the target. One that ends elsewhere may hold part of transactions
// that were never committed.
func (c Catalog) baseOn(spans []span, target zookeeper.Zxid) (Base, bool) {
	for _, b := range slices.Backward(c.Bases) {
		if b.End <= target && onChain(spans, b.Start) && onChain(spans, b.End) {
			return b, true
		}
	}
	return Base{}, false
}

// fromEmpty tells whether the spans go back to the first transaction of all: the counter, or a link, says that nothing
// came before it.
func fromEmpty(spans []span) bool {
	return spans[len(spans)-1].after == 0
}

func onChain(spans []span, state zookeeper.Zxid) bool {
	return slices.ContainsFunc(spans, func(s span) bool { return s.holds(state) })
}

// noChain tells why no base is good enough.
func (c Catalog) noChain(spans []span, target zookeeper.Zxid) error {
	e := &NoChainError{Target: target, Below: spans[len(spans)-1].first}
	for _, b := range c.Bases {
		if onChain(spans, b.Start) {
			e.Fuzzy = &b
			break
		}
	}
	return e
}

func (c Catalog) planFrom(base Base, spans []span) Plan {
	var needed []span
	target := base.Start
	for _, s := range slices.Backward(spans) {
		if s.upTo <= base.Start {
			continue
		}
		s.first = max(s.first, base.Start+1)
		needed = append(needed, s)
		target = s.upTo
	}
	p := Plan{Base: base, Pieces: c.cover(needed), Target: target, Bytes: base.Size}
	for _, piece := range p.Pieces {
		p.Bytes += piece.Size
	}
	return p
}
