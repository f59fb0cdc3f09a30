package tail

import (
	"bytes"
	"io"

	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

// echo tells records that a log holds twice. A follower that loses its leader and finds one again, without a restart, may be
// sent proposals that it has logged but not yet applied, and logs them once more (seen of ZooKeeper 3.8.0, Learner.syncWithLeader;
// its FileTxnLog warns and appends all the same). Loading such a log, a server applies them twice, which changes nothing.
type echo struct {
	f    io.ReaderAt
	name string
	r    *txnlog.Reader // stands behind the record that was last repeated; nil before the first
}

// of tells whether rec stands earlier in the log too, byte for byte. Repeats come in the order of what they repeat, so the
// search goes on where the last one ended, and only then from the start.
func (e *echo) of(rec txnlog.Record) bool {
	if e.r != nil && find(e.r, rec) {
		return true
	}
	e.r = txnlog.NewReader(e.f, e.name)
	return find(e.r, rec)
}

// find reads up to a record with the same payload, in front of rec.
func find(r *txnlog.Reader, rec txnlog.Record) bool {
	for {
		earlier, err := r.Next()
		if err != nil || earlier.Offset >= rec.Offset {
			return false
		}
		if bytes.Equal(earlier.Payload, rec.Payload) {
			return true
		}
	}
}
