package gate

import (
	"fmt"
	"strings"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/probe"
)

// Verdict is what a decision comes to.
type Verdict string

// The verdicts.
const (
	Allow  Verdict = "allow"  // the server may come back
	Wait   Verdict = "wait"   // not now, but that can change by itself
	Refuse Verdict = "refuse" // and waiting does not help
)

// Situation is all that a decision is made from.
type Situation struct {
	Self int64 // myid of the server that is to come back
	// Answers are those of all members of the configuration, Self among them; what Self answers does not count.
	Answers []probe.Result
	Point   zookeeper.Zxid // what would be restored
	Tip     zookeeper.Zxid // the newest that the archive holds of the chain
	// Fence is the zxid that a leader showed when this server was down already: voters at or past it have all that this server
	// can have acknowledged. Zero asks for voters that are as far as the leader is now, which under load few answers are.
	Fence zookeeper.Zxid
	// Diverged tells why the archive is not one history, nil where it is.
	Diverged error
	// Weighted tells that the configuration has groups or weights of voters, so that a majority of them decides nothing.
	Weighted bool
}

// Decision is the verdict with what it rests on.
type Decision struct {
	Verdict  Verdict        `json:"verdict"`
	Reason   string         `json:"reason"`             // a clause
	Advice   []string       `json:"advice,omitempty"`   // the safe ways, a clause each
	Leader   int64          `json:"leader,omitempty"`   // 0 for nobody
	Zxid     zookeeper.Zxid `json:"zxid,omitzero"`      // of the leader
	CaughtUp []int64        `json:"caughtUp,omitempty"` // the other voters that have all that the leader had
	Voters   int            `json:"voters"`             // of the whole ensemble
}

// Decide tells whether the server may come back.
func Decide(s Situation) Decision {
	d := Decision{Voters: voters(s.Answers)}
	self, known := find(s.Answers, s.Self)
	switch {
	case s.Diverged != nil:
		return d.refuse(fmt.Sprintf("the archive does not hold one history: %v", s.Diverged), startOthers(), asObserver(), startEmpty())
	case !known:
		return d.refuse(fmt.Sprintf("the configuration has no server %d, which this one is by its myid", s.Self), "mend the configuration")
	case self.Observer:
		d.Verdict, d.Reason = Allow, "it is an observer: no election and no acknowledgement depends on what it holds"
		return d
	case s.Weighted:
		return d.refuse("the configuration has groups or weights of voters, of which nothing is known here", startOthers(), asObserver())
	}
	return d.ofVoter(s)
}

func (d Decision) ofVoter(s Situation) Decision {
	leader := leaderOf(s)
	if leader == nil {
		return d.wait("none of the other servers leads a quorum"+silent(s), startOthers(), asObserver(), startEmpty(), wholeEnsemble())
	}
	d.Leader, d.Zxid = leader.ID, leader.Zxid
	if s.Point < s.Tip {
		return d.refuse(fmt.Sprintf("server %d leads, and one server of a living ensemble cannot go back to %s alone: it would be brought forward again, or worse, lead",
			leader.ID, s.Point), "restore it to latest", wholeEnsemble()+", after stopping all")
	}
	if needed := max(s.Point, s.Tip); leader.Zxid < needed {
		return d.wait(fmt.Sprintf("server %d leads and is at %s only, older than the archive, which holds %s", leader.ID, leader.Zxid, needed),
			"find out what happened to the servers that acknowledged the rest, and start those first", wholeEnsemble())
	}
	count := 0
	d.CaughtUp, count = caughtUp(s, *leader)
	if count <= d.Voters/2 {
		return d.wait(fmt.Sprintf("without this server %d of %d voters have all that leader %d has, and that is no majority",
			count, d.Voters, leader.ID), startOthers(), asObserver(), startEmpty())
	}
	d.Verdict = Allow
	d.Reason = fmt.Sprintf("server %d leads at %s, and %d of %d voters have all of that without this one", leader.ID, leader.Zxid, count, d.Voters)
	return d
}

// silent tells why others did not answer, in brackets.
func silent(s Situation) string {
	var reasons []string
	for _, r := range s.Answers {
		if r.ID != s.Self && r.Err != nil {
			reasons = append(reasons, fmt.Sprintf("server %d: %v", r.ID, r.Err))
		}
	}
	if len(reasons) == 0 {
		return ""
	}
	return " (" + strings.Join(reasons, "; ") + ")"
}

// leaderOf is the other server that leads, the one in the highest epoch of several.
func leaderOf(s Situation) (leader *probe.Result) {
	for i, r := range s.Answers {
		if r.ID == s.Self || r.Observer || r.Err != nil || r.Role != probe.Leader {
			continue
		}
		if leader == nil || r.Zxid > leader.Zxid {
			leader = &s.Answers[i]
		}
	}
	return leader
}

// caughtUp finds the other voters, the leader among them, that have all that the leader had at the fence. They are in its epoch: one that
// is not may follow somebody who was deposed. Before the first transaction of an epoch no follower is in it; then the leader's own
// count of those in sync is taken, where it tells.
func caughtUp(s Situation, leader probe.Result) (ids []int64, count int) {
	fence := s.Fence
	if fence == 0 || fence > leader.Zxid {
		fence = leader.Zxid
	}
	for _, r := range s.Answers {
		follows := r.Role == probe.Follower && r.Zxid >= fence && r.Zxid.Epoch() == leader.Zxid.Epoch()
		if r.ID != s.Self && !r.Observer && r.Err == nil && (r.ID == leader.ID || follows) {
			ids = append(ids, r.ID)
		}
	}
	count = len(ids)
	if leader.Zxid.Counter() == 0 && leader.Peers != nil {
		count = max(count, 1+min(int(leader.Peers.SyncedFollowers), serving(s)))
	}
	return ids, count
}

// serving counts the other voters that follow somebody.
func serving(s Situation) (n int) {
	for _, r := range s.Answers {
		if r.ID != s.Self && !r.Observer && r.Err == nil && r.Role == probe.Follower {
			n++
		}
	}
	return n
}

func (d Decision) wait(reason string, advice ...string) Decision {
	d.Verdict, d.Reason, d.Advice = Wait, reason, advice
	return d
}

func (d Decision) refuse(reason string, advice ...string) Decision {
	d.Verdict, d.Reason, d.Advice = Refuse, reason, advice
	return d
}

func startOthers() string { return "start the other servers first and give this one --wait" }
func asObserver() string  { return "let it join as an observer" }
func startEmpty() string {
	return "start it empty with -Dzookeeper.db.autocreate=false, so that it does not vote before it has copied from the leader"
}
func wholeEnsemble() string {
	return "where every server is restored to the same point give --rejoin=ensemble on each"
}

func voters(answers []probe.Result) (n int) {
	for _, r := range answers {
		if !r.Observer {
			n++
		}
	}
	return n
}

func find(answers []probe.Result, id int64) (probe.Result, bool) {
	for _, r := range answers {
		if r.ID == id {
			return r, true
		}
	}
	return probe.Result{}, false
}
