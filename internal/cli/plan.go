package cli

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/inspect"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/restore"
)

// planned is a plan as JSON shows it.
type planned struct {
	Kind     string         `json:"kind"`  // "plan"; "restored" when it was carried out
	Asked    string         `json:"asked"` // the point, with an absolute time
	Target   zookeeper.Zxid `json:"target"`
	At       *neighbour     `json:"at"`    // the target itself; null: no segment holds it
	Next     *neighbour     `json:"next"`  // the first transaction left out; null: there is none
	Later    uint64         `json:"later"` // transactions held that are left out
	Base     *plannedBase   `json:"base"`  // null: the segments begin with the server's first transaction
	Segments []plannedPiece `json:"segments"`
	Bytes    int64          `json:"bytes"` // of all objects
	Warnings []string       `json:"warnings"`
}

type plannedBase struct {
	Key   string         `json:"key"` // below the timeline
	Start zookeeper.Zxid `json:"start"`
	End   zookeeper.Zxid `json:"end"`
	Bytes int64          `json:"bytes"`
}

type plannedPiece struct {
	Key   string         `json:"key"` // below the timeline
	First zookeeper.Zxid `json:"first"`
	Last  zookeeper.Zxid `json:"last"`
	Bytes int64          `json:"bytes"`
}

func newPlanned(kind string, p archive.Plan, f restore.Found) planned {
	shown := planned{
		Kind: kind, Target: p.Target, Bytes: p.Bytes,
		Asked: f.Asked, At: newNeighbour(f.At), Next: newNeighbour(f.Next), Later: f.Later,
		Segments: make([]plannedPiece, len(p.Pieces)),
		Warnings: append([]string{}, p.Warnings...),
	}
	if !p.FromEmpty {
		shown.Base = &plannedBase{Key: p.Base.Key(), Start: p.Base.Start, End: p.Base.End, Bytes: p.Base.Size}
	}
	for i, piece := range p.Pieces {
		shown.Segments[i] = plannedPiece{Key: piece.Key(), First: piece.First, Last: piece.UpTo, Bytes: piece.Size}
	}
	return shown
}

// restored is what a restore did, as JSON shows it.
type restored struct {
	planned
	Crisp   *restore.Crisp `json:"crisp"`           // null: base and logs were installed
	Epoch   uint32         `json:"epoch,omitempty"` // in both epoch files
	Cluster string         `json:"cluster"`
	DataDir string         `json:"dataDir"`
	Kept    []string       `json:"kept"`    // where the old data is
	Resumed bool           `json:"resumed"` // an interrupted restore to the same point was finished
	Records int64          `json:"records"` // replayed over the base
	Digests int64          `json:"digests"` // recorded by ZooKeeper and found right
	Proof   string         `json:"proof"`
}

func newRestored(dataDir string, r restore.Report) restored {
	shown := restored{
		planned: newPlanned("restored", r.Plan, r.Found), Cluster: r.Cluster, DataDir: dataDir,
		Crisp: r.Crisp, Epoch: r.Epoch,
		Kept: append([]string{}, r.Kept...), Resumed: r.Resumed,
		Records: r.Proof.Applied, Digests: r.Proof.Right, Proof: r.Proof.String(),
	}
	if r.Resumed {
		shown.Proof = "proven before the swap that was interrupted"
	}
	return shown
}

func (s *session) printPlan(p planned, output string) error {
	s.warn(p.Warnings)
	if output == formatJSON {
		return json.NewEncoder(s.Stdout).Encode(p)
	}
	rows := append([][2]string{{"would restore", p.Target.String()}}, p.pointRows()...)
	rows = append(rows, p.rows()...)
	return printRows(s.Stdout, append(rows, [2]string{"reads", size(p.Bytes)}))
}

func (s *session) printRestored(r restored, output string) error {
	s.warn(r.Warnings)
	if output == formatJSON {
		return json.NewEncoder(s.Stdout).Encode(r)
	}
	rows := append([][2]string{{"restored", r.Target.String()}, {"into", r.DataDir}}, r.pointRows()...)
	rows = append(rows, r.rows()...)
	rows = append(append(rows, r.crispRows()...), [2]string{"proof", r.Proof})
	for _, kept := range r.Kept {
		rows = append(rows, [2]string{"old data", kept})
	}
	return printRows(s.Stdout, rows)
}

// rows is what the plan is made of.
func (p planned) rows() [][2]string {
	base, left := "none: the log goes back to the first transaction", p.Bytes
	if p.Base != nil {
		base, left = fmt.Sprintf("%s, %s", p.Base.Start, size(p.Base.Bytes)), p.Bytes-p.Base.Bytes
	}
	rows := [][2]string{{"base", base}}
	if len(p.Segments) == 0 {
		return append(rows, [2]string{"segments", "none: the base is the target"})
	}
	first, last := p.Segments[0].First, p.Segments[len(p.Segments)-1].Last
	return append(rows, [2]string{"segments", fmt.Sprintf("%d, from %s to %s, %s", len(p.Segments), first, last, size(left))})
}

func printRows(w io.Writer, rows [][2]string) error {
	for _, row := range rows {
		if _, err := fmt.Fprintf(w, "%-13s  %s\n", row[0], inspect.Line(row[1])); err != nil {
			return err
		}
	}
	return nil
}

// size is a number of bytes for people.
func size(n int64) string {
	const step = 1024
	if n < step {
		return fmt.Sprintf("%d B", n)
	}
	value, unit := float64(n)/step, 0
	for value >= step && unit < 3 {
		value, unit = value/step, unit+1
	}
	return fmt.Sprintf("%.1f %ciB", value, "KMGT"[unit])
}
