package tail

import (
	"bytes"
	"errors"
	"math"
	"slices"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

// earlier is what a log is read after, and tells the echoes in it: records that stand in the logs already. A follower that
// loses its leader while it synchronizes, and finds one again without a restart, is sent proposals that it has logged and
// not applied, and logs them once more, in the same file or, when that is full, in one whose name goes back (seen of ZooKeeper
// 3.8.0; its FileTxnLog warns and appends all the same). Loading such logs, a server applies the records twice, which
// changes nothing.
type earlier struct {
	logs []*logFile     // in order of their names
	pred zookeeper.Zxid // the highest record in them, 0 for none
	self *logFile       // the log that is read
	hold func(*logFile) (*shared, error)

	held   []*shared
	search *txnlog.Reader // stands behind the last record that had an echo; nil before the first
	limit  int64          // of the search: in the log itself an echo does not find itself
}

// echo tells whether a record of the log stands in front of it too. Echoes come in the order of what they
// repeat, so the search goes on where the last one ended.
func (e *earlier) echo(rec txnlog.Record) (bool, error) {
	if e.search != nil && e.find(rec) {
		return true, nil
	}
	for _, l := range slices.Backward(append(slices.Clip(e.logs), e.self)) {
		first, _ := zookeeper.ParseLogName(l.name())
		if rec.Zxid < first || l != e.self && rec.Zxid > l.lastZxid {
			continue
		}
		file, err := e.hold(l)
		if err != nil {
			return false, err
		}
		e.held = append(e.held, file)
		e.search, e.limit = txnlog.NewReader(file.f, l.path), math.MaxInt64
		if l == e.self {
			e.limit = rec.Offset
		}
		if e.find(rec) {
			return true, nil
		}
	}
	return false, nil
}

// find reads on up to the same record.
func (e *earlier) find(rec txnlog.Record) bool {
	for {
		old, err := e.search.Next()
		if err != nil || old.Offset >= e.limit {
			return false
		}
		if same(old, rec) {
			return true
		}
	}
}

// same compares byte for byte, except groups: one that failed changes when it is applied (see txnlog.Error), which may be between
// the first time that it is logged and the second.
func same(a, b txnlog.Record) bool {
	return a.Header == b.Header && (a.Type == txnlog.TypeMulti || bytes.Equal(a.Payload, b.Payload))
}

// release lets go of the logs that were searched.
func (e *earlier) release() error {
	var errs []error
	for _, file := range e.held {
		errs = append(errs, file.release())
	}
	return errors.Join(errs...)
}
