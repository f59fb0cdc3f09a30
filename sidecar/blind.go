package sidecar

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/probe"
)

// ErrBlind is wrapped when ZooKeeper goes on and the sidecar sees nothing of it in the directories that it was told of: the server
// writes elsewhere, or its volume is not the one that is mounted here.
var ErrBlind = errors.New("ZooKeeper writes, and nothing of it is to be seen")

// blindAfter is longer than a server may take from applying a transaction, which the others have logged for it, to logging it itself.
const blindAfter = 30 * time.Second

// sight compares what a server says that it has applied with what is to be seen in its directories.
type sight struct {
	missed zookeeper.Zxid // the server said that it had applied it, and it was not to be seen; 0 for nothing missed
	since  time.Time      // when the server said so
	config *probe.Config  // where the server last said that it writes; it is seldom asked
}

// check takes in what the server said, and then what was found by a look that began later. The error wraps ErrBlind once something has
// been missing for too long.
func (s *sight) check(seen Seen, found zookeeper.Zxid, dirs []string) error {
	if seen.Own.Config != nil {
		s.config = seen.Own.Config
	}
	if s.missed != 0 && found >= s.missed {
		s.missed = 0
	}
	applied := seen.Own.Zxid
	// A counter of 0 is a new leader's: no transaction has such a zxid.
	if s.missed == 0 && seen.Own.Serves() && applied.Counter() != 0 && applied > found {
		s.missed, s.since = applied, seen.Time
	}
	if s.missed == 0 || seen.Time.Sub(s.since) < blindAfter {
		return nil
	}
	return fmt.Errorf("%w: the server had applied %s at %s, and what is in %v ends at %s%s", ErrBlind,
		s.missed, s.since.UTC().Format(time.RFC3339), dirs, found, s.elsewhere(dirs))
}

// elsewhere is where the server says that it writes, when it does say so and it is not where the sidecar looks.
func (s *sight) elsewhere(dirs []string) string {
	c := s.config
	if c == nil {
		return ": does zoo.cfg name the directories of this server, and are its volumes mounted here?"
	}
	for _, d := range []string{c.DataDir, c.LogDir} {
		if !slices.Contains(dirs, d) {
			return ": it says that it writes to " + d
		}
	}
	return ": it says that it writes there, so its volumes are not mounted here"
}

// blind is an error when the sidecar ends without having seen what its server wrote. It is called when the probe's loop has ended.
func (s *Sidecar) blind() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seeing.last == nil || s.found() >= s.sight.missed {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrUnshipped, s.seeing.last)
}
