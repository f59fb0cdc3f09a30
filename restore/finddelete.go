package restore

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

// deletion is the last transaction that deleted a znode: its own delete, one in a group, the end of its session, or of its time
// or of a container's use. It reads from the newest segment back until it has the answer.
func (f *finder) deletion(ctx context.Context, to archive.Point, path string) (zookeeper.Zxid, error) {
	s := search{path: path, closed: map[int64]zookeeper.Zxid{}}
	for _, island := range slices.Backward(f.islands) {
		for _, p := range slices.Backward(island.Pieces) {
			var events []event
			err := f.read(ctx, p, func(z zookeeper.Zxid, _ time.Time, txn decode) error {
				t, err := txn()
				if err == nil {
					events = appendEvents(events, path, t)
				}
				return err
			})
			if err != nil {
				return 0, err
			}
			if z, ok := s.back(events); ok {
				return z, nil
			}
		}
		clear(s.closed) // what owned a znode before a gap may have gone in it
	}
	return 0, &NotHeldError{to, fmt.Sprintf("no transaction that the archive holds deletes %s", path)}
}

// event is what a transaction does to a path, or a session that ends without telling which znodes go with it.
type event struct {
	kind    eventKind
	zxid    zookeeper.Zxid
	session int64 // of the session that ends, or owns the znode; 0 for a znode that nobody owns
}

type eventKind int

const (
	eventDelete eventKind = iota
	eventCreate
	eventClose
)

// search goes through events from the newest back.
type search struct {
	path   string
	closed map[int64]zookeeper.Zxid // sessions that ended later, without a list
}

// back takes the events of an earlier time, which are in order.
func (s *search) back(events []event) (deleted zookeeper.Zxid, ok bool) {
	for _, e := range slices.Backward(events) {
		switch e.kind {
		case eventDelete:
			return e.zxid, true
		case eventClose:
			s.closed[e.session] = e.zxid
		case eventCreate:
			if z, ended := s.closed[e.session]; ended && e.session != 0 {
				return z, true
			}
			clear(s.closed)
		}
	}
	return 0, false
}

// appendEvents adds what a transaction does.
func appendEvents(events []event, path string, t txnlog.Txn) []event {
	switch b := t.Body.(type) {
	case txnlog.CloseSession:
		if slices.Contains(b.Paths, path) {
			return append(events, event{eventDelete, t.Zxid, 0})
		}
		if !b.Listed {
			return append(events, event{eventClose, t.Zxid, t.Session})
		}
	case txnlog.Multi:
		for _, op := range b.Ops {
			if op.Type == txnlog.TypeError {
				return events // none of the group had an effect
			}
		}
		for _, op := range b.Ops {
			events = appendOp(events, path, t.Header, op.Body)
		}
		return events
	}
	return appendOp(events, path, t.Header, t.Body)
}

func appendOp(events []event, path string, h txnlog.Header, body txnlog.Body) []event {
	switch b := body.(type) {
	case txnlog.Delete:
		if b.Path == path {
			return append(events, event{eventDelete, h.Zxid, 0})
		}
	case txnlog.Create:
		if b.Path == path {
			owner := int64(0)
			if b.Ephemeral {
				owner = h.Session
			}
			return append(events, event{eventCreate, h.Zxid, owner})
		}
	}
	return events
}
