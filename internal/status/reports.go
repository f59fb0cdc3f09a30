package status

import (
	"time"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/zookeeper"
)

// Report is what a server's sidecar last said of the server.
type Report struct {
	Server   int            `json:"server"`
	Seen     time.Time      `json:"seen"` // when it said so, by its clock
	Role     string         `json:"role"`
	Version  string         `json:"version,omitempty"` // of ZooKeeper
	Logged   zookeeper.Zxid `json:"logged"`
	Archived zookeeper.Zxid `json:"archived"`
	Pending  uint64         `json:"pending"` // records logged and not archived then: the server's lag
}

// AddReports takes in what the servers' sidecars say. Unread is why not all of it could be read; nil for nothing.
func (a *Archive) AddReports(reports []archive.ServerReport, unread error) {
	for _, r := range reports {
		a.Reports = append(a.Reports, Report{r.Server, r.Time, r.Role, r.Version, r.Logged, r.Archived, r.Pending})
	}
	if unread != nil {
		a.Warnings = append(a.Warnings, unread.Error())
	}
}
