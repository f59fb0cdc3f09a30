package cli

import (
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/restore"
)

// parsePoint reads --at.
func parsePoint(s string) (archive.Point, error) {
	p, err := archive.ParsePoint(s, time.Now())
	if err != nil {
		return archive.Point{}, usageError("--at: %w", err)
	}
	return p, nil
}

func timelineFlag(flags *pflag.FlagSet, n *int) {
	flags.IntVar(n, "timeline", 0, "the `NUMBER` of the archive's timeline to take it from, as zkark timeline lists them (default the newest)")
}

// forcedBack tells whether who forces a server back in time says that all servers of its ensemble go back: one alone has no reason to, it
// would be brought forward again by the others.
func (f restoreFlags) forcedBack() bool { return f.rejoin.value == rejoinForce && f.at != "latest" }

// pointRows are where the point led: what was asked for, and the transactions on both sides.
func (p planned) pointRows() [][2]string {
	rows := [][2]string{{"asked for", p.Asked}}
	if p.At != nil {
		rows = append(rows, [2]string{"made", p.At.shown()})
	}
	if p.Next == nil {
		return append(rows, [2]string{"left out", "nothing: no transaction is held that comes later"})
	}
	return append(rows, [2]string{"left out", fmt.Sprintf("%d transactions, the first of them %s, made %s", p.Later, p.Next.Zxid, p.Next.shown())})
}

// neighbour is a transaction next to the target as JSON shows it.
type neighbour struct {
	Zxid  zookeeper.Zxid `json:"zxid"`
	Time  time.Time      `json:"time"`            // by the leader's clock
	About bool           `json:"about,omitempty"` // the time is that of the segment's first transaction
}

func newNeighbour(n *restore.Neighbour) *neighbour {
	if n == nil {
		return nil
	}
	return &neighbour{n.Zxid, n.Time.UTC(), n.About}
}

func (n neighbour) shown() string {
	t := n.Time.Format("2006-01-02T15:04:05.000Z")
	if n.About {
		return t + " or later"
	}
	return t
}
