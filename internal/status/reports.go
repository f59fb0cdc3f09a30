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

// Drill is when the archive was last proven restorable.
type Drill struct {
	Time   time.Time      `json:"time"`             // by the clock of the machine that did it
	Target zookeeper.Zxid `json:"target"`           // that was restored
	Booted string         `json:"booted,omitempty"` // version of the server that started with it and showed the same
}

// AddDrill takes in the report of the last drill; nil for none.
func (a *Archive) AddDrill(r *archive.DrillReport) {
	if r != nil {
		a.Drill = &Drill{r.Time, r.Target, r.Version}
	}
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
