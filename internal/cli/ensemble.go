package cli

import (
	"log/slog"
	"time"

	"github.com/zkark/zkark/internal/zookeeper/zoocfg"
)

// reread is how often the configuration is looked at for servers that were added or removed.
const reread = 10 * time.Second

// ensemble knows the ids of the servers in a configuration that may change while the sidecar runs (ZooKeeper 3.5 rewrites
// the dynamic configuration file when it is reconfigured).
type ensemble struct {
	path string
	now  func() time.Time
	log  *slog.Logger
	ids  []int
	read time.Time
}

func newEnsemble(cfg zoocfg.Config, now func() time.Time, log *slog.Logger) *ensemble {
	return &ensemble{path: cfg.Path, now: now, log: log, ids: idsOf(cfg), read: now()}
}

// current is for one goroutine. While the file cannot be read the last answer stands.
func (e *ensemble) current() []int {
	if now := e.now(); now.Sub(e.read) >= reread {
		e.read = now
		cfg, err := zoocfg.Read(e.path)
		if err != nil {
			e.log.Warn("cannot read the configuration again; going on with the servers known so far", "err", err)
			return e.ids
		}
		e.ids = idsOf(cfg)
	}
	return e.ids
}

func idsOf(cfg zoocfg.Config) []int {
	var ids []int
	for _, s := range cfg.Servers {
		ids = append(ids, int(s.ID))
	}
	return ids
}
