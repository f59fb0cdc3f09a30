package health

import (
	"time"

	"github.com/zkark/zkark/internal/status"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/probe"
	"github.com/zkark/zkark/sidecar"
)

// answer is what /status shows: what zkark status --output json shows of the archive, as far as this sidecar knows it, and the
// sidecar's own part.
type answer struct {
	status.Archive
	Sidecar companion `json:"sidecar"`
}

// companion is where the sidecar stands.
type companion struct {
	Listed         bool           `json:"listed"`   // false: nothing is known of the archive yet, and what is said of it is void
	Logged         zookeeper.Zxid `json:"logged"`   // the last record in the server's logs
	Archived       zookeeper.Zxid `json:"archived"` // the last local record up to which nothing is lacking
	PendingRecords uint64         `json:"pendingRecords"`
	PendingBytes   int64          `json:"pendingBytes"`
	LagSeconds     float64        `json:"lagSeconds"` // age of the oldest record that is not archived
	StalledSeconds float64        `json:"stalledSeconds"`
	HeldFiles      int            `json:"heldFiles"` // logs that the server has deleted and the sidecar keeps
	Lost           []status.Range `json:"lost"`      // neither archived nor in the server's logs
	Alive          bool           `json:"alive"`
	Ready          bool           `json:"ready"`
	Errors         []string       `json:"errors"` // that go on

	Turns    map[sidecar.Result]int `json:"turns"`    // by result
	Restarts map[string]int         `json:"restarts"` // of each part

	ZooKeeper *zooKeeper `json:"zookeeper,omitempty"` // nothing before it was asked
}

func newStatus(s Subject) answer {
	st := s.Status()
	own := companion{
		Listed: st.Listed, Logged: st.Logged, Archived: st.Archived, PendingRecords: st.PendingRecords, PendingBytes: st.PendingBytes,
		LagSeconds: st.Lag.Seconds(), StalledSeconds: st.Stalled.Seconds(), HeldFiles: st.HeldFiles, Lost: []status.Range{},
		Alive: s.Alive() == nil, Ready: s.Ready() == nil, Errors: []string{}, Turns: st.Turns, Restarts: st.Panics,
	}
	for _, r := range st.Lost {
		own.Lost = append(own.Lost, status.Range(r))
	}
	if !st.ZooKeeper.Time.IsZero() {
		own.ZooKeeper = newZooKeeper(st.ZooKeeper)
	}
	for _, err := range []error{st.LastError, s.Alive(), s.Ready()} {
		if err != nil {
			own.Errors = append(own.Errors, err.Error())
		}
	}
	a := answer{status.OfSurvey("", st.Cluster, st.Archive), own}
	a.AddDrill(st.Drill)
	return a
}

// zooKeeper is what ZooKeeper said when it was last asked. What is not known is left out.
type zooKeeper struct {
	Asked   time.Time      `json:"asked"`
	Role    probe.Role     `json:"role"`
	Version string         `json:"version,omitempty"`
	Zxid    zookeeper.Zxid `json:"zxid,omitzero"` // the last transaction that the server has applied
	Synced  bool           `json:"synced"`        // it had then applied all that the leader had committed when asked
	Error   string         `json:"error,omitempty"`

	Leader     *int64         `json:"leader,omitempty"` // its id
	LeaderZxid zookeeper.Zxid `json:"leaderZxid,omitzero"`
	Behind     *uint64        `json:"behind,omitempty"` // transactions that the leader had and the server had not
}

func newZooKeeper(seen sidecar.Seen) *zooKeeper {
	z := &zooKeeper{Asked: seen.Time, Role: seen.Own.Role, Version: seen.Own.Version, Zxid: seen.Own.Zxid, Synced: seen.Synced}
	if seen.Err != nil {
		z.Error = seen.Err.Error()
	}
	if seen.Leader != nil {
		z.Leader, z.LeaderZxid = &seen.Leader.ID, seen.Leader.Zxid
	}
	if n, known := seen.Behind(); known {
		z.Behind = &n
	}
	return z
}
