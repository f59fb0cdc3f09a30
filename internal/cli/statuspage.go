package cli

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/zkark/zkark/internal/inspect"
	"github.com/zkark/zkark/internal/status"
)

// statusPage is an archive's status as a person sees it.
type statusPage struct {
	status.Archive
	now      time.Time
	syncRate float64 // turns a second, of the whole ensemble
	screen   screen
	activity []int64 // of each character of the bar
}

// linesShown is how many lines a table has before it is cut. JSON has them all.
const linesShown = 10

// String is the page.
func (p statusPage) String() string {
	var b strings.Builder
	for _, row := range p.head() {
		fmt.Fprintf(&b, "%-*s%s\n", labelWidth, row[0], inspect.Line(row[1]))
	}
	for _, t := range []table{p.restorable(), p.gaps(), p.diverged(), p.dead(), p.bases(), p.servers(), p.reports()} {
		t.write(&b)
	}
	for _, line := range p.estimate() {
		fmt.Fprintln(&b, line)
	}
	return p.screen.show(b.String())
}

// head is what to see first.
func (p statusPage) head() [][2]string {
	rows := [][2]string{{"archive", p.URL}, {"cluster", p.Cluster}}
	if p.Timeline > 1 {
		rows = append(rows, [2]string{"timeline", fmt.Sprintf("%d; the older ones: zkark timeline", p.Timeline)})
	}
	rows = append(rows, [2]string{"restorable to", p.verdict()}, [2]string{"last proven", p.proven()})
	if bar, scale := p.bar(); bar != "" {
		rows = append(rows, [2]string{"coverage", bar}, [2]string{"", scale})
	}
	holds := fmt.Sprintf("%s and %s, %s", counted(p.Segments, "segment"), counted(p.Bases, "base"), size(p.Bytes))
	if p.Redundant.Segments > 0 {
		holds += fmt.Sprintf("; redundant: %s, %s", counted(p.Redundant.Segments, "segment"), size(p.Redundant.Bytes))
	}
	if p.Foreign > 0 {
		holds += fmt.Sprintf("; not zkark's: %s", counted(p.Foreign, "object"))
	}
	return append(rows, [2]string{"holds", holds})
}

// verdict is the newest point that can be restored, and how good that is.
func (p statusPage) verdict() string {
	if p.NewestRestorable == nil {
		return fmt.Sprintf("NOTHING: no base and no log goes back far enough; the newest record is %s", p.Newest)
	}
	newest := p.NewestRestorable
	text := newest.Zxid.String()
	if !newest.Time.IsZero() {
		text += fmt.Sprintf(" of %s, %s", moment(newest.Time), ago(p.now.Sub(newest.Time)))
	}
	if !p.Whole() {
		text += fmt.Sprintf(", BUT NOT to the newest record, %s", p.Newest)
	}
	return text
}

// proven is the last drill.
func (p statusPage) proven() string {
	if p.Drill == nil {
		return "never, as far as it is reported: zkark drill --archive URL"
	}
	text := fmt.Sprintf("to %s by a drill of %s, %s", p.Drill.Target, moment(p.Drill.Time), ago(p.now.Sub(p.Drill.Time)))
	if p.Drill.Booted != "" {
		text += fmt.Sprintf(", that booted ZooKeeper %s", p.Drill.Booted)
	}
	return text
}

// bar draws the time that can be restored, the higher the more was going on, and leaves out what cannot. Below it is the time.
func (p statusPage) bar() (bar, scale string) {
	n := len(p.activity)
	if !p.Since.Before(p.Until) || n == 0 {
		return "", ""
	}
	cells := p.cells(n)
	scale, end := moment(p.Since), moment(p.Until)
	if room := n - len(scale) - len(end); room > 0 {
		scale += strings.Repeat(" ", room) + end
	} else {
		scale += " – " + end
	}
	if slices.Contains(cells, p.screen.nothing()) {
		scale += fmt.Sprintf("   %c cannot be restored", p.screen.nothing())
	}
	return string(cells), scale
}

// cells are the characters of the bar. What lies between two stretches is one at least, however short it was.
func (p statusPage) cells(n int) []rune {
	cells := slices.Repeat([]rune{p.screen.nothing()}, n)
	for _, s := range p.Restorable {
		for i := p.Part(s.FirstTime, n); !s.FirstTime.IsZero() && i <= p.Part(s.LastTime, n); i++ {
			cells[i] = p.level(p.activity[i])
		}
	}
	for i := 1; i < len(p.Restorable); i++ {
		end, begin := p.Part(p.Restorable[i-1].LastTime, n), p.Part(p.Restorable[i].FirstTime, n)
		if begin-end < 2 {
			cells[begin] = p.screen.nothing()
		}
	}
	return cells
}

// level is the character for so much activity, by its magnitude: the highest is for the most there was, the lowest but one for a thousandth
// of it or less, the lowest for none.
func (p statusPage) level(bytes int64) rune {
	levels := p.screen.levels()
	if bytes == 0 {
		return levels[0]
	}
	height := 1 + math.Log10(float64(bytes)/float64(slices.Max(p.activity)))/3
	return levels[1+int(math.Round(max(0, height)*float64(len(levels)-2)))]
}

// estimate is what a month takes of requests and bytes. What those cost, a price list tells.
func (p statusPage) estimate() []string {
	listed := "less than an hour is archived: too short to tell what a month takes"
	if p.Growth != nil {
		listed = fmt.Sprintf("%s, %s and about as many LIST, going by what is listed", size(p.Growth.Bytes), counted(int(p.Growth.Puts), "PUT request"))
	}
	return []string{"", "A MONTH", "  " + listed,
		fmt.Sprintf("  R = %g turns a second (--sync-rate) bound it: a turn is at most one LIST and one PUT, %.0f of each a month;", p.syncRate, p.syncRate*status.Month.Seconds()),
		"  more only while a backlog is shipped, none while nothing is written"}
}

func counted(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// table is a part of the page. One without lines is not shown.
type table struct {
	title string
	head  string   // names of the columns, between tabs; may be empty
	lines []string // columns between tabs
	more  int      // lines that are not shown
}

func (t table) write(b *strings.Builder) {
	if len(t.lines) == 0 {
		return
	}
	var aligned strings.Builder
	w := tabwriter.NewWriter(&aligned, 0, 0, 2, ' ', 0)
	if t.head != "" {
		fmt.Fprintf(w, "  %s\n", t.head)
	}
	for _, line := range t.lines {
		fmt.Fprintf(w, "  %s\n", line)
	}
	_ = w.Flush() // to memory
	fmt.Fprintf(b, "\n%s\n", t.title)
	for line := range strings.Lines(aligned.String()) {
		fmt.Fprintln(b, inspect.Line(strings.TrimRight(line, " \n")))
	}
	if t.more > 0 {
		fmt.Fprintf(b, "  and %d more; --output json has them all\n", t.more)
	}
}

// newest cuts a table to its last lines, newest first.
func (t table) newest() table {
	shown := t
	shown.lines = nil
	for i := len(t.lines) - 1; i >= 0 && len(shown.lines) < linesShown; i-- {
		shown.lines = append(shown.lines, t.lines[i])
	}
	shown.more = len(t.lines) - len(shown.lines)
	return shown
}

func moment(t time.Time) string {
	if t.IsZero() {
		return "?"
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

// ago is how long ago something was.
func ago(d time.Duration) string {
	if d < 0 {
		return inUnits(-d) + " from now: a clock is wrong"
	}
	return inUnits(d) + " ago"
}

// inUnits is a time in two units at most.
func inUnits(d time.Duration) string {
	d = d.Round(time.Second)
	switch {
	case d >= 24*time.Hour:
		return fmt.Sprintf("%dd%dh", d/(24*time.Hour), d%(24*time.Hour)/time.Hour)
	case d >= time.Hour:
		return fmt.Sprintf("%dh%dm", d/time.Hour, d%time.Hour/time.Minute)
	}
	return d.String()
}
