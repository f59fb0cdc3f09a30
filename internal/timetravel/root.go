package timetravel

import "github.com/zkark/zkark/internal/zookeeper/txnlog"

// pipeline is how many requests a leader works on at once (ZooKeeper zookeeper.globalOutstandingLimit, its default).
const pipeline = 1000

// doubt tells whether a digest that is not right can be the leader's own mistake, and if so counts it.
//
// A leader computes a digest before it applies the transaction, from the changes still in its pipeline. It keeps
// those of the root under two names, "/" when the root's data or ACL changes and "" when a child comes or goes, and neither
// sees the other (ZooKeeper 3.6 PrepRequestProcessor). So setData or setACL of the root, in the pipeline together with a
// change of its children, gives wrong digests until the pipeline has drained; servers log "Digests are not matching"
// then. The next right digest proves that the tree was right all along.
//
// A new leader starts with an empty pipeline, so the change of the root must be of the same epoch.
func (r *Replay) doubt() bool {
	if r.rooted == 0 || r.rooted.Epoch() != r.last.Epoch() || r.last-r.rooted >= pipeline {
		return false
	}
	if r.report.Doubt == 0 {
		r.report.Doubt = r.last
	}
	r.report.Doubted++
	return true
}

// changesRoot tells whether a transaction changes the data or the ACL of the root itself.
func changesRoot(body txnlog.Body) bool {
	switch b := body.(type) {
	case txnlog.SetData:
		return b.Path == "/"
	case txnlog.SetACL:
		return b.Path == "/"
	case txnlog.Multi: // also a failed one: its digest is computed like that of others
		for _, op := range b.Ops {
			if changesRoot(op.Body) {
				return true
			}
		}
	}
	return false
}
