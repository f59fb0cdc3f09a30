package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/restore"
)

const (
	barWidth   = 60 // characters of the bar of coverage
	basesShown = 5
)

type statusFlags struct {
	archive archiveFlags
	output  *choice
}

func newStatus(s *session) *cobra.Command {
	var f statusFlags
	cmd := &cobra.Command{
		Use:   "status --archive URL",
		Short: "Show what an archive can restore, and what is wrong with it",
		Long: "status lists an archive, reads nothing else of it, and shows the points that can be restored, gaps, proposals that were\n" +
			"never committed, and how far each server's sidecar has come. Times of transactions are those of the leaders' clocks.",
		Example: "  zkark status --archive s3://backups/zookeeper/prod",
		Args:    noArgs,
	}
	f.archive.add(cmd)
	f.output = outputFlag(cmd)
	require(cmd, "archive")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return s.runStatus(cmd.Context(), f)
	}
	return cmd
}

func (s *session) runStatus(ctx context.Context, f statusFlags) error {
	bucket, err := f.archive.open(ctx)
	if err != nil {
		return err
	}
	defer bucket.Close()
	id, catalog, err := restore.List(ctx, bucket)
	if err != nil {
		return fmt.Errorf("status of %s: %w", f.archive.url, err)
	}
	if _, ok := catalog.Newest(); !ok {
		return fmt.Errorf("status of %s: %w: has a sidecar shipped to it yet?", f.archive.url, archive.ErrEmpty)
	}
	shown := newArchiveStatus(f.archive.url, id, catalog)
	for _, w := range shown.Warnings {
		s.say(slog.LevelWarn, w)
	}
	if f.output.value == formatJSON {
		err = json.NewEncoder(s.Stdout).Encode(shown)
	} else {
		err = printRows(s.Stdout, shown.rows(time.Now()))
	}
	if err == nil && len(shown.Restorable) == 0 {
		_, err = archive.MakePlan(catalog, archive.Latest())
	}
	return err
}

// archiveStatus is what a listing tells, as JSON shows it.
type archiveStatus struct {
	Kind       string         `json:"kind"` // "status"
	Archive    string         `json:"archive"`
	Cluster    string         `json:"cluster"`
	Newest     zookeeper.Zxid `json:"newest"` // record that is held
	Segments   int            `json:"segments"`
	Bases      int            `json:"bases"`
	Bytes      int64          `json:"bytes"`
	Restorable []stretch      `json:"restorable"` // oldest first
	Gaps       []gap          `json:"gaps"`
	Dead       []zxidRange    `json:"dead"`
	Newer      []basePoint    `json:"newestBases"`
	Servers    []serverStatus `json:"servers"`
	Foreign    int            `json:"foreign"` // objects that zkark did not write
	Warnings   []string       `json:"warnings"`
}

type stretch struct {
	First     zookeeper.Zxid `json:"first"`
	Last      zookeeper.Zxid `json:"last"`
	FirstTime time.Time      `json:"firstTime,omitzero"`
	LastTime  time.Time      `json:"lastTime,omitzero"`
}

type gap struct {
	After  zookeeper.Zxid `json:"after"`
	Before zookeeper.Zxid `json:"before"`
}

type zxidRange struct {
	First zookeeper.Zxid `json:"first"`
	Last  zookeeper.Zxid `json:"last"`
}

type basePoint struct {
	At     zookeeper.Zxid `json:"at"` // consistent from there on
	Time   time.Time      `json:"time"`
	Bytes  int64          `json:"bytes"`
	Server int            `json:"server"`
}

// serverStatus is what one server's sidecar has archived. What others had archived before it is not its.
type serverStatus struct {
	Server   int            `json:"server"`
	Segments int            `json:"segments"`
	Bytes    int64          `json:"bytes"`
	Last     zookeeper.Zxid `json:"last"`
	LastTime time.Time      `json:"lastTime"`
}

func newArchiveStatus(url string, id archive.Identity, c archive.Catalog) archiveStatus {
	survey := archive.NewSurvey(c)
	a := archiveStatus{
		Kind: "status", Archive: url, Cluster: id.Cluster, Newest: survey.Newest, Segments: len(c.Segments), Bases: len(c.Bases),
		Restorable: []stretch{}, Gaps: []gap{}, Dead: []zxidRange{}, Newer: []basePoint{}, Foreign: len(c.Foreign), Warnings: []string{},
	}
	for _, s := range survey.Stretches {
		first, _ := c.TimeOf(s.First)
		last, _ := c.TimeOf(s.Last)
		a.Restorable = append(a.Restorable, stretch{s.First, s.Last, first, last})
	}
	for _, g := range survey.Gaps {
		a.Gaps = append(a.Gaps, gap(g))
		a.Warnings = append(a.Warnings, fmt.Sprintf("a gap: the archive holds %s and %s, and nothing proves that it holds all between them", g.After, g.Before))
	}
	for _, d := range survey.Dead {
		a.Dead = append(a.Dead, zxidRange(d))
	}
	for _, b := range slices.Backward(c.Bases[max(0, len(c.Bases)-basesShown):]) {
		a.Newer = append(a.Newer, basePoint{b.End, b.Time, b.Size, b.Source})
	}
	if survey.Diverged != nil {
		a.Warnings = append(a.Warnings, survey.Diverged.Error())
	}
	a.addServers(c)
	return a
}

func (a *archiveStatus) addServers(c archive.Catalog) {
	servers := map[int]serverStatus{}
	for _, s := range c.Segments {
		a.Bytes += s.Size
		server := servers[s.Source]
		server.Server, server.Segments, server.Bytes = s.Source, server.Segments+1, server.Bytes+s.Size
		if s.Last >= server.Last {
			server.Last, server.LastTime = s.Last, s.LastTime
		}
		servers[s.Source] = server
	}
	for _, b := range c.Bases {
		a.Bytes += b.Size
	}
	a.Servers = slices.SortedFunc(maps.Values(servers), func(x, y serverStatus) int { return x.Server - y.Server })
}

// rows is the page for a person.
func (a archiveStatus) rows(now time.Time) [][2]string {
	rows := [][2]string{
		{"archive", a.Archive}, {"cluster", a.Cluster},
		{"holds", fmt.Sprintf("%d segments and %d bases, %s", a.Segments, a.Bases, size(a.Bytes))},
		{"newest", a.newest(now)},
	}
	if bar := a.bar(); bar != "" {
		rows = append(rows, [2]string{"coverage", bar})
	}
	for _, r := range a.Restorable {
		rows = append(rows, [2]string{"restorable", fmt.Sprintf("%s – %s, %s – %s", r.First, r.Last, moment(r.FirstTime), moment(r.LastTime))})
	}
	for _, g := range a.Gaps {
		rows = append(rows, [2]string{"gap", fmt.Sprintf("between %s and %s", g.After, g.Before)})
	}
	for _, d := range a.Dead {
		rows = append(rows, [2]string{"dead branch", fmt.Sprintf("%s – %s were logged and never committed", d.First, d.Last)})
	}
	for _, b := range a.Newer {
		rows = append(rows, [2]string{"base", fmt.Sprintf("%s of %s, %s, by server %d", b.At, moment(b.Time), size(b.Bytes), b.Server)})
	}
	for _, s := range a.Servers {
		rows = append(rows, [2]string{"server", fmt.Sprintf("%d archived %d segments, %s, the last up to %s of %s", s.Server, s.Segments, size(s.Bytes), s.Last, moment(s.LastTime))})
	}
	return append(rows, [2]string{"growth", a.growth()})
}

func (a archiveStatus) newest(now time.Time) string {
	if len(a.Restorable) == 0 {
		return a.Newest.String() + ", but nothing can be restored"
	}
	last := a.Restorable[len(a.Restorable)-1]
	if last.LastTime.IsZero() {
		return last.Last.String()
	}
	return fmt.Sprintf("%s of %s, %s ago", last.Last, moment(last.LastTime), now.Sub(last.LastTime).Round(time.Second))
}

// span is from the first transaction that can be restored to the last.
func (a archiveStatus) span() (from, to time.Time) {
	for _, r := range a.Restorable {
		if !r.FirstTime.IsZero() && (from.IsZero() || r.FirstTime.Before(from)) {
			from = r.FirstTime
		}
		if r.LastTime.After(to) {
			to = r.LastTime
		}
	}
	return from, to
}

// bar draws which of the time can be restored to. Between two stretches nothing can.
func (a archiveStatus) bar() string {
	from, to := a.span()
	if !from.Before(to) {
		return ""
	}
	cells := []rune(strings.Repeat("·", barWidth))
	for _, r := range a.Restorable {
		if r.FirstTime.IsZero() || r.LastTime.IsZero() {
			continue
		}
		cell := func(t time.Time) int {
			return max(0, min(barWidth-1, int(float64(barWidth)*float64(t.Sub(from))/float64(to.Sub(from)))))
		}
		for i := cell(r.FirstTime); i <= cell(r.LastTime); i++ {
			cells[i] = '█'
		}
	}
	return string(cells)
}

// growth is what the archive takes in, over the time that can be restored: what a month of it costs, a price list tells.
func (a archiveStatus) growth() string {
	const month = 30 * 24 * time.Hour
	from, to := a.span()
	if to.Sub(from) < time.Hour {
		return "less than an hour is archived: too short to tell"
	}
	months := float64(to.Sub(from)) / float64(month)
	return fmt.Sprintf("about %s and %.0f PUT requests a month, and as many LIST requests", size(int64(float64(a.Bytes)/months)), float64(a.Segments+a.Bases)/months)
}

func moment(t time.Time) string {
	if t.IsZero() {
		return "?"
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}
