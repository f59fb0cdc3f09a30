package timetravel

import (
	"fmt"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/tree"
)

// Report is what a Replay did and what it proved.
type Report struct {
	Start zookeeper.Zxid  // of the base
	End   *zookeeper.Zxid // of the base's fuzzy window, nil if not known
	First zookeeper.Zxid  // first record applied, 0 if none was
	Last  zookeeper.Zxid  // the state's own zxid: the last record applied, or Start

	Skipped  int64 // records that the tree held whole
	Applied  int64 // records
	Repeated int64 // failed requests logged under the zxid before them: no effect
	Right    int64 // recorded digests that the tree had
	Fuzzy    int64 // recorded digests that it did not have, while the base was still fuzzy
	Doubted  int64 // recorded digests that it did not have because the leader's own sum went wrong
	Absent   int64 // records without a digest, or with one of a version that is not known

	Proof    Proof
	Proven   zookeeper.Zxid // the last transaction whose digest was right, for ProofDigest
	Doubt    zookeeper.Zxid // the first transaction since then whose digest is doubted, 0 if none is
	Dangling int            // nodes whose ACL is not known
	Cleanups []Cleanup
	Charset  tree.Charset // of the server that recorded the last digest that was right
}

// Cleanup is the deletion of dead sessions' nodes that a starting server made without a transaction.
type Cleanup struct {
	Before zookeeper.Zxid // the first transaction whose digest shows it
	Paths  []string
}

// Proof is how far a replayed state can be trusted.
type Proof int

// The proofs, weakest first.
const (
	ProofNone     Proof = iota // the state lies inside the base's fuzzy window: it may never have existed
	ProofCounters              // no digest was recorded that could be compared: checksums and counters only
	ProofDigest                // the tree had the last digest recorded, at Report.Proven
)

// Sound tells whether the state is one that the server had, as far as the record can prove it: outside the
// window, with every ACL known.
func (r Report) Sound() bool { return r.Proof != ProofNone && r.Dangling == 0 }

// String says in one sentence what is proven.
func (r Report) String() string {
	switch {
	case r.Proof == ProofNone && r.Doubt != 0:
		return fmt.Sprintf("not proven: after a change of the root itself the leader recorded digests from %s on that need"+
			" not be right, and none before them in epoch %d was", r.Doubt, r.Doubt.Epoch())
	case r.Proof == ProofNone && r.End == nil:
		return fmt.Sprintf("not proven: how far the base %s is inconsistent is not known, and no recorded digest was right"+
			" between it and %s", r.Start, r.Last)
	case r.Proof == ProofNone:
		return fmt.Sprintf("not proven: %s lies inside the window in which the base %s is not consistent", r.Last, r.Start)
	case r.Dangling > 0:
		return fmt.Sprintf("not proven: %d nodes have an ACL that the base %s does not hold", r.Dangling, r.Start)
	case r.Proof == ProofCounters:
		return "no digest recorded: proven by checksums and counters only"
	case r.Proven == r.Last:
		return fmt.Sprintf("proven by digest at zxid %s", r.Proven)
	case r.Doubt != 0:
		return fmt.Sprintf("proven by digest at zxid %s, by checksums and counters up to %s: after a change of the root itself"+
			" the leader recorded digests from %s on that need not be right", r.Proven, r.Last, r.Doubt)
	}
	return fmt.Sprintf("proven by digest at zxid %s, by checksums and counters up to %s", r.Proven, r.Last)
}
