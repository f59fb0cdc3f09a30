package tail

import "github.com/zkark/zkark/internal/zookeeper"

// SnapshotFact is what matters of a snapshot for linking records.
type SnapshotFact struct {
	Start zookeeper.Zxid

	// Applied is the last transaction of the state that it holds, when the snapshot tells; else 0. It matters for a
	// new leader's artificial snapshot, whose name says only where the epoch begins.
	Applied zookeeper.Zxid
}

// link tells what record the record first is proven to follow. Pred is the record before it in the server's
// logs; none when there is no record before it.
//
// Inside an epoch the counter is the proof. Across an election neighbours in the log are linked, unless the server has got
// a snapshot in between: then it took over another server's state, and what pred was followed by is not known. A new leader's
// own artificial snapshot, epoch<<32, is harmless; but a server that was sent a whole snapshot before the first transaction of
// an epoch has one of the same name. They differ in what they tell of the last transaction applied: the leader's own tells pred.
func link(first, pred zookeeper.Zxid, none bool, snapshots []SnapshotFact) (prev zookeeper.Zxid, linked bool) {
	switch {
	case first == zookeeper.MakeZxid(0, 1):
		return 0, true
	case none && !startedEmpty(snapshots):
		return 0, false
	case none:
		pred = 0
	}
	if first.Epoch() == pred.Epoch() {
		return pred, first == pred+1
	}
	if first.Counter() != 1 || first < pred {
		return 0, false
	}
	for _, s := range snapshots {
		own := s.Start.Counter() == 0 && s.Applied == pred && pred != 0
		if pred < s.Start && s.Start < first && !own {
			return 0, false
		}
	}
	return pred, true
}

// startedEmpty tells whether the directory still has the snapshot of the empty tree that a new server begins with. Purging
// removes it before any log, so the first log is the server's first.
func startedEmpty(snapshots []SnapshotFact) bool {
	for _, s := range snapshots {
		if s.Start == 0 {
			return true
		}
	}
	return false
}
