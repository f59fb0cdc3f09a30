package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"github.com/zkark/zkark/restore"
)

// The answers to what becomes of sessions.
const (
	sessionsKeep = "keep"
	sessionsDrop = "drop"
)

// shapeFlags say in what form the state comes back, and what is left out of it.
type shapeFlags struct {
	crisp    bool
	sessions choice
	scrub    bool
}

func newShapeFlags() shapeFlags {
	return shapeFlags{sessions: choice{sessionsKeep, []string{sessionsKeep, sessionsDrop}}}
}

func (f *shapeFlags) add(flags *pflag.FlagSet) {
	flags.BoolVar(&f.crisp, "crisp", false, "write one exact snapshot at the point and no logs")
	flags.Var(&f.sessions, "sessions", "what becomes of sessions and their ephemeral znodes; drop implies --crisp and lists what went")
	flags.BoolVar(&f.scrub, "scrub-members", false, "leave the ensemble's members out of /zookeeper/config, for a restore to other hosts; implies --crisp")
}

func (f *shapeFlags) apply(c *restore.Config) {
	c.Crisp, c.DropSessions, c.ScrubMembers = f.crisp, f.sessions.value == sessionsDrop, f.scrub
}

// crispRows tell of the snapshot that was written, and of what is not in it.
func (r restored) crispRows() [][2]string {
	var rows [][2]string
	if r.Epoch > 0 {
		rows = append(rows, [2]string{"epoch", fmt.Sprintf("%d in both epoch files", r.Epoch)})
	}
	c := r.Crisp
	if c == nil {
		return rows
	}
	rows = append(rows, [2]string{"snapshot", fmt.Sprintf("%d znodes, %d sessions, tree digest %s at the target", c.Nodes, c.Sessions, c.Digest)})
	if c.Zxid != r.Target {
		rows = append(rows, [2]string{"goes on from", fmt.Sprintf("%s, above all that clients have seen", c.Zxid)})
	}
	for _, id := range c.DroppedSessions {
		rows = append(rows, [2]string{"dropped", "session " + id})
	}
	for _, path := range c.DroppedEphemerals {
		rows = append(rows, [2]string{"dropped", "ephemeral znode " + path})
	}
	for line := range strings.Lines(c.DroppedMembers) {
		rows = append(rows, [2]string{"dropped", "member " + strings.TrimSpace(line)})
	}
	return rows
}
