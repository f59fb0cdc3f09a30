package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/zkark/zkark/internal/inspect"
)

// page is a verification as a person sees it.
func (v verification) page(screen screen, now time.Time) string {
	listed := statusPage{Archive: v.Listed, now: now, screen: screen}
	rows := [][2]string{{"archive", v.Listed.URL}, {"cluster", v.Listed.Cluster}, {"timeline", fmt.Sprint(v.Listed.Timeline)}, {"restorable to", listed.verdict()}}
	rows = append(rows, [2]string{"checked", v.checked()})
	if n := v.Listed.Foreign; n > 0 {
		rows = append(rows, [2]string{"not checked", counted(n, "object") + " that zkark did not write"})
	}
	rows = append(rows, [2]string{"verdict", v.verdict()})
	var b strings.Builder
	for _, row := range rows {
		fmt.Fprintf(&b, "%-*s%s\n", labelWidth, row[0], inspect.Line(row[1]))
	}
	for _, t := range []table{v.findings(), listed.gaps(), listed.diverged(), v.chains()} {
		t.write(&b)
	}
	return screen.show(b.String())
}

func (v verification) checked() string {
	if v.Verified == nil {
		return fmt.Sprintf("the names of %s; --full reads the bytes", counted(v.Listed.Segments+v.Listed.Bases, "object"))
	}
	return fmt.Sprintf("%s, %s; %s replayed, %s found right", counted(v.Objects, "object"), size(v.Bytes),
		counted(int(v.Records), "record"), counted(int(v.Digests), "recorded digest"))
}

func (v verification) verdict() string {
	if err := v.wrong(); err != nil {
		return "NOT SOUND: " + err.Error()
	}
	return v.soundness() + v.bridged()
}

// bridged tells of points that are lost although nothing is wrong with what there is.
func (v verification) bridged() string {
	if n := len(v.Listed.Gaps); n > 0 {
		return fmt.Sprintf("; what was in %s, which a base bridges, cannot be restored", counted(n, "gap"))
	}
	return ""
}

// soundness says what was proven of an archive with which nothing is wrong.
func (v verification) soundness() string {
	if v.Verified == nil {
		return "whole, by its names"
	}
	const sound = "sound: every object is what its name says, and from every base a restore was proven"
	if n := v.undigested(); n > 0 {
		return fmt.Sprintf("%s, %d of %d by checksums and counters only, without a digest", sound, n, len(v.Chains))
	}
	return sound
}

// undigested counts the chains of which no digest of ZooKeeper's says that the base is the tree that the servers had.
func (v verification) undigested() (n int) {
	for _, c := range v.Chains {
		if c.Digests == 0 {
			n++
		}
	}
	return n
}

func (v verification) findings() table {
	t := table{title: "WRONG"}
	if v.Verified != nil {
		for _, f := range v.Findings {
			t.lines = append(t.lines, f.Text, "  costs: "+f.Cost)
		}
	}
	return t
}

// chains are the newest, and those that did not come back.
func (v verification) chains() table {
	t := table{title: "RESTORED IN THE SANDBOX", head: "FROM\tTO\tPROOF"}
	if v.Verified == nil {
		return t
	}
	for _, c := range v.Chains {
		proof := c.Proof
		if proof == "" {
			proof = "NOT RESTORED"
		} else if len(t.lines) >= linesShown {
			t.more++
			continue
		}
		t.lines = append(t.lines, fmt.Sprintf("%s\t%s\t%s", c.From, c.Target, proof))
	}
	return t
}
