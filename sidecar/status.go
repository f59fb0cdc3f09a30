package sidecar

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/zookeeper"
)

// Status is where a sidecar stands.
type Status struct {
	Logged         zookeeper.Zxid // the last record in the server's logs
	Archived       zookeeper.Zxid // the last local record up to which nothing is lacking in the archive
	PendingRecords uint64         // logged and not archived
	PendingBytes   int64          // of log, roughly
	HeldFiles      int            // logs that the server has deleted and the sidecar keeps, because not all of them is archived

	// Lag is the age of the oldest record that is not archived, by the leader's clock, and 0 when there is none. Before the archive was
	// listed, what it lacks is not known.
	Lag     time.Duration
	Listed  bool          // whether the archive was listed
	Stalled time.Duration // since something was last archived, while something is pending; else 0

	LastError error          // of a streak that goes on; nil when all goes well
	Panics    map[string]int // of each part of the sidecar, also those that ended on their own
	Turns     map[Result]int
	Shipped   Shipped
	ZooKeeper Seen // what ZooKeeper said last

	// Cluster and Archive are what is known of the archive, as of its last listing and what was put since. They are only there when it was
	// Listed.
	Cluster string
	Archive archive.Survey
	// Drill is the last drill that went well; nil for none, or none that is known of yet.
	Drill *archive.DrillReport
	// Lost is what the archive has been missing for some turns and the server's logs do not hold any more, oldest first. Unless another server
	// has it, it is gone.
	Lost []archive.Range
}

// Result is how a turn went.
type Result string

// The results of turns.
const (
	TurnShipped Result = "shipped" // something was added to the archive
	TurnIdle    Result = "idle"    // there was nothing to add
	TurnAgain   Result = "again"   // a log changed under it: the next turn looks again
	TurnFailed  Result = "failed"
)

// Shipped is what the sidecar has added to the archive since it started.
type Shipped struct {
	Segments, Bases         int
	SegmentBytes, BaseBytes int64 // of the objects
}

// Status tells where the sidecar stands. It can be called at any time.
func (s *Sidecar) Status() Status {
	b := s.uploader.Backlog()
	st := Status{
		Logged: b.Logged, Archived: b.Archived, PendingRecords: b.Records, PendingBytes: b.Bytes, HeldFiles: s.tail.Held(),
		Panics: s.parts.restarts(), Turns: map[Result]int{},
	}
	st.Archive, st.Cluster, st.Listed = s.uploader.Survey()
	if b.Records > 0 {
		st.Stalled = s.stalled()
		st.Lag = s.lag(b.Oldest, st.Stalled)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	st.LastError = errors.Join(append([]error{s.logging.last, s.turning.last, s.basing.last, s.chores.last, s.reporting.last, s.seeing.last}, s.report.Troubles...)...)
	st.ZooKeeper, st.Shipped, st.Lost, st.Drill = s.seen, s.shipped, slices.Clone(s.lost), s.drill
	for _, r := range []Result{TurnShipped, TurnIdle, TurnAgain, TurnFailed} {
		st.Turns[r] = s.results[r]
	}
	return st
}

func (s *Sidecar) stalled() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Since(s.moved)
}

// lag is the age of the oldest record that is not archived, which is read once; stalled where it cannot be read.
func (s *Sidecar) lag(oldest zookeeper.Zxid, stalled time.Duration) time.Duration {
	s.lagging.Lock()
	defer s.lagging.Unlock()
	if s.oldest != oldest {
		made, ok := s.timeOf(oldest)
		if !ok {
			return stalled
		}
		s.oldest, s.oldestTime = oldest, made
	}
	return max(0, time.Since(s.oldestTime))
}

func (s *Sidecar) timeOf(z zookeeper.Zxid) (time.Time, bool) {
	for _, run := range s.tail.Runs() {
		if run.First <= z && z <= run.Last {
			made, err := s.tail.TimeOf(context.Background(), run, z)
			return made, err == nil
		}
	}
	return time.Time{}, false
}

// Alive is nil while every part of the sidecar has been seen lately, whatever the store and ZooKeeper do.
func (s *Sidecar) Alive() error { return s.parts.alive() }

// Ready is nil once ZooKeeper's directories have been looked at. Whether the store answers has no part in it.
func (s *Sidecar) Ready() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.looked {
		return errors.New("ZooKeeper's directories have not been looked at yet")
	}
	return nil
}
