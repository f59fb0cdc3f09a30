package probe

import (
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/zkark/zkark/internal/zookeeper"
)

// Member is a server that the configuration names.
type Member struct {
	ID       int64  `json:"id"` // myid; 0 for a standalone server
	Address  string `json:"-"`  // HOST:PORT of its client port
	Observer bool   `json:"observer,omitempty"`
}

// Result is what one member answered. Err is not nil when it did not; its Role is Unknown then.
type Result struct {
	Member
	Server
	Err error `json:"-"`
}

// atOnce is how many members are asked at the same time.
const atOnce = 16

// Ensemble asks all members at the same time, each as Ask does, and returns their answers in the order of the members.
func Ensemble(ctx context.Context, members []Member, o Options) []Result {
	results := make([]Result, len(members))
	var group errgroup.Group
	group.SetLimit(atOnce)
	for i, m := range members {
		group.Go(func() error {
			s, err := Ask(ctx, m.Address, o)
			results[i] = Result{Member: m, Server: s, Err: err}
			return nil
		})
	}
	_ = group.Wait() // every error is in its result
	return results
}

// Health is what the answers of an ensemble's members say together. The answers are not of one instant: while clients write, a
// follower that was asked before the leader seems to be behind.
type Health struct {
	// Leader is the one that leads, or the server that stands alone; nil when nobody does. Of two that say so, which happens while one is
	// being deposed, it is the one in the higher epoch.
	Leader *Result
	// Quorum tells whether the leader and the followers are more than half of the voters. Groups and weights of voters are not known here.
	Quorum bool
	// CaughtUp are the ids of the voters, the leader among them, that have applied all that the leader had, in the order of the answers. No
	// follower is among them until the first transaction of a new epoch.
	CaughtUp []int64
	// Newest is the highest zxid that anybody has applied, whatever its role. Its epoch is the highest that was seen.
	Newest zookeeper.Zxid
	// Silent are the ids of the members that did not answer, or do not serve.
	Silent []int64
}

// Judge puts the answers of all members of one ensemble together.
func Judge(results []Result) Health {
	var h Health
	voters, serving := 0, 0
	for i, r := range results {
		h.Newest = max(h.Newest, r.Zxid)
		if !r.Observer {
			voters++
		}
		if r.Err != nil || !r.Serves() {
			h.Silent = append(h.Silent, r.ID)
			continue
		}
		if !r.Observer && r.Role != Observer {
			serving++
		}
		if leads(r) && (h.Leader == nil || r.Zxid > h.Leader.Zxid) {
			h.Leader = &results[i]
		}
	}
	if h.Leader == nil {
		return h
	}
	h.Quorum = serving > voters/2
	for _, r := range results {
		if h.caughtUp(r) {
			h.CaughtUp = append(h.CaughtUp, r.ID)
		}
	}
	return h
}

func leads(r Result) bool { return !r.Observer && (r.Role == Leader || r.Role == Standalone) }

func (h Health) caughtUp(r Result) bool {
	if r.Err != nil || r.Observer {
		return false
	}
	return r.ID == h.Leader.ID || r.Role == Follower && r.Zxid >= h.Leader.Zxid && r.Zxid.Epoch() == h.Leader.Zxid.Epoch()
}
