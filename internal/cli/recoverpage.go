package cli

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/zkark/zkark/internal/recovery"
	"github.com/zkark/zkark/internal/zookeeper"
)

// recovered is what a recover is about to do, and what it did, as JSON shows it: an object each, on a line of its own.
type recovered struct {
	Kind     string           `json:"kind"`             // "plan", "recovered", or "incomplete" where it failed on the way
	Path     string           `json:"path"`             // quoted as in Go: the top, or the undo file
	Target   zookeeper.Zxid   `json:"target,omitempty"` // of the archived state; none for an undo
	Changes  []recoveryChange `json:"changes"`
	Applied  int              `json:"applied"`            // how many of the changes were made
	UndoFile string           `json:"undoFile,omitempty"` // that was written
	Notes    []string         `json:"notes"`              // what is left alone although it differs
}

type recoveryChange struct {
	Op    recovery.Op   `json:"op"`
	Path  string        `json:"path"` // quoted as in Go
	Kind  recovery.Kind `json:"kind"`
	Bytes int           `json:"bytes"` // of the data afterwards; of the data lost where it is deleted
}

func newRecovered(path string, target zookeeper.Zxid, d recovery.Difference) recovered {
	r := recovered{Kind: "plan", Path: strconv.QuoteToASCII(path), Target: target, Changes: make([]recoveryChange, len(d.Changes)), Notes: append([]string{}, d.Notes...)}
	for i, c := range d.Changes {
		n := c.Now
		if c.Op == recovery.Delete {
			n = c.Was
		}
		r.Changes[i] = recoveryChange{Op: c.Op, Path: strconv.QuoteToASCII(c.Path), Kind: n.Kind, Bytes: len(n.Data)}
	}
	return r
}

func (r *recovered) done(err error) {
	r.Kind = "recovered"
	if err != nil {
		r.Kind = "incomplete"
	}
}

// printRecovered prints the plan whole, and of what was done the sum, because the plan stands above it. JSON has it all both times.
func (s *session) printRecovered(r recovered, output string) error {
	plan := r.Kind == "plan"
	if plan {
		s.warn(r.Notes)
	}
	if output == formatJSON {
		return json.NewEncoder(s.Stdout).Encode(r)
	}
	var rows [][2]string
	for _, c := range r.Changes {
		if plan {
			rows = append(rows, [2]string{string(c.Op), fmt.Sprintf("%s  %s, %s", c.Path, c.Kind, size(int64(c.Bytes)))})
		}
	}
	rows = append(rows, [2]string{r.Kind, r.sentence()})
	if r.UndoFile != "" {
		rows = append(rows, [2]string{"undo with", "zkark recover --undo " + r.UndoFile})
	}
	return printRows(s.Stdout, rows)
}

func (r recovered) sentence() string {
	switch {
	case len(r.Changes) == 0:
		return "nothing to change"
	case r.Kind == "plan":
		return fmt.Sprintf("%d changes to make", len(r.Changes))
	}
	return fmt.Sprintf("%d of %d changes made", r.Applied, len(r.Changes))
}
