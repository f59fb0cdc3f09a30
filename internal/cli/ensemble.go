package cli

import (
	"log/slog"
	"time"

	"github.com/zkark/zkark/internal/zookeeper/zoocfg"
)

// reread is how often the configuration is looked at for servers that were added or removed.
const reread = 10 * time.Second

// ensemble knows the servers in a configuration that may change while the sidecar runs (ZooKeeper 3.5 rewrites the dynamic
// configuration file when it is reconfigured). It is for one goroutine.
type ensemble struct {
	now  func() time.Time
	log  *slog.Logger
	cfg  zoocfg.Config
	read time.Time
}

func newEnsemble(cfg zoocfg.Config, now func() time.Time, log *slog.Logger) *ensemble {
	return &ensemble{now: now, log: log, cfg: cfg, read: now()}
}

// config is the configuration of the moment. While the file cannot be read the last one stands.
func (e *ensemble) config() zoocfg.Config {
	if now := e.now(); now.Sub(e.read) >= reread {
		e.read = now
		cfg, err := zoocfg.Read(e.cfg.Path)
		if err != nil {
			e.log.Warn("cannot read the configuration again; going on with the servers known so far", "err", err)
			return e.cfg
		}
		e.cfg = cfg
	}
	return e.cfg
}

// current is the ids of its servers.
func (e *ensemble) current() []int {
	var ids []int
	for _, s := range e.config().Servers {
		ids = append(ids, int(s.ID))
	}
	return ids
}
