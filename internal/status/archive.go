package status

import (
	"fmt"
	"slices"
	"time"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/zookeeper"
)

// basesShown is how many of the newest bases are told of one by one.
const basesShown = 5

// Archive is what is known of an archive. Times of records are by the leaders' clocks, to the millisecond where a segment ends.
type Archive struct {
	Kind     string `json:"kind"`               // "status"
	URL      string `json:"archive,omitempty"`  // where it is, when who tells knows
	Cluster  string `json:"cluster"`            // "" while it is not known
	Timeline int    `json:"timeline,omitempty"` // of the archive; 0 where who tells does not know

	Newest           zookeeper.Zxid `json:"newest"`           // record that is held, or exact base
	NewestRestorable *Point         `json:"newestRestorable"` // null when nothing can be restored
	Restorable       []Stretch      `json:"restorable"`       // oldest first; without what is dead
	Gaps             []Gap          `json:"gaps"`             // oldest first
	Dead             []Range        `json:"dead"`             // logged and never committed
	Diverged         []string       `json:"diverged"`         // sentences on what servers disagree on

	Segments    int        `json:"segments"`
	Since       time.Time  `json:"since,omitzero"` // of the oldest record in a segment
	Until       time.Time  `json:"until,omitzero"` // of the newest
	Bases       int        `json:"bases"`
	Bytes       int64      `json:"bytes"`
	Redundant   Redundancy `json:"redundant"`
	NewestBases []Base     `json:"newestBases"` // newest first, a few
	Servers     []Server   `json:"servers"`
	Reports     []Report   `json:"reports,omitempty"` // in order of the servers; a sidecar's /status has none
	Drill       *Drill     `json:"drill,omitempty"`   // the last that went well, as far as who tells knows
	Growth      *Growth    `json:"growth"`            // null when less than an hour is archived
	Foreign     int        `json:"foreign"`           // objects that zkark did not write

	Warnings []string `json:"warnings"` // sentences for a person
}

// Point is a place in the history.
type Point struct {
	Zxid zookeeper.Zxid `json:"zxid"`
	Time time.Time      `json:"time,omitzero"`
}

// Stretch is points First to Last that can all be restored.
type Stretch struct {
	First     zookeeper.Zxid `json:"first"`
	Last      zookeeper.Zxid `json:"last"`
	FirstTime time.Time      `json:"firstTime,omitzero"`
	LastTime  time.Time      `json:"lastTime,omitzero"`
	Base      string         `json:"base"`   // key, below the timeline, of what First is restored from; "" for the empty tree
	Proven    bool           `json:"proven"` // that it is of the history that leads to Archive.Newest
}

// Gap is where records are missing, or the proof that none are.
type Gap struct {
	After   zookeeper.Zxid `json:"after"`   // held
	Before  zookeeper.Zxid `json:"before"`  // held
	Missing *Range         `json:"missing"` // what is known to be missing; null for nothing
	Open    bool           `json:"open"`    // whole epochs more may be
	Bridged bool           `json:"bridged"` // by a base: what comes after it can be restored
	Text    string         `json:"text"`
}

// Range is the records First to Last.
type Range struct {
	First zookeeper.Zxid `json:"first"`
	Last  zookeeper.Zxid `json:"last"`
}

// Redundancy is segments whose records other segments hold too.
type Redundancy struct {
	Segments int   `json:"segments"`
	Bytes    int64 `json:"bytes"`
}

// Base is a snapshot, from which the points after At can be restored if it is usable.
type Base struct {
	Key    string         `json:"key"` // below the timeline
	At     zookeeper.Zxid `json:"at"`
	Time   time.Time      `json:"time"` // when the server had finished it
	Bytes  int64          `json:"bytes"`
	Server int            `json:"server"`
	Usable bool           `json:"usable"`
}

// Server is what one server's sidecar has archived. What others had archived before it is not its.
type Server struct {
	Server   int            `json:"server"` // myid, 0 for a standalone server
	Segments int            `json:"segments"`
	Bases    int            `json:"bases"`
	Bytes    int64          `json:"bytes"`
	Last     zookeeper.Zxid `json:"last"`
	LastTime time.Time      `json:"lastTime,omitzero"`
}

// Growth is what the archive takes in of a month of 30 days, going by what is listed.
type Growth struct {
	Bytes int64 `json:"bytesPerMonth"`
	Puts  int64 `json:"putsPerMonth"` // there is a LIST before each
}

// Of looks at a catalog.
func Of(url, cluster string, c archive.Catalog) Archive {
	return OfSurvey(url, cluster, archive.NewSurvey(c))
}

// OfSurvey tells what a survey found.
func OfSurvey(url, cluster string, s archive.Survey) Archive {
	a := Archive{
		Kind: "status", URL: url, Cluster: cluster, Newest: s.Newest,
		Restorable: []Stretch{}, Gaps: []Gap{}, Dead: []Range{}, Diverged: []string{},
		Segments: s.Segments, Since: s.Since, Until: s.Until, Bases: len(s.Bases), Bytes: s.Bytes, Redundant: Redundancy(s.Redundant), Foreign: s.Foreign,
		NewestBases: []Base{}, Servers: []Server{}, Warnings: []string{},
	}
	if latest, ok := s.Latest(); ok {
		a.NewestRestorable = &Point{latest.Last(), latest.LastTime}
	}
	a.addHistory(s)
	for _, b := range slices.Backward(s.Bases[max(0, len(s.Bases)-basesShown):]) {
		a.NewestBases = append(a.NewestBases, Base{b.Key(), b.End, b.Time, b.Size, b.Source, b.Usable})
	}
	for _, server := range s.Servers {
		a.Servers = append(a.Servers, Server{server.Source, server.Segments, server.Bases, server.Bytes, server.Last, server.LastTime})
	}
	a.Growth = a.growth()
	a.warn(s)
	return a
}

func (a *Archive) addHistory(s archive.Survey) {
	for _, t := range s.Stretches {
		if t.Dead {
			continue
		}
		shown := Stretch{First: t.First(), Last: t.Last(), FirstTime: t.FirstTime, LastTime: t.LastTime, Proven: t.Proven}
		if !t.FromEmpty {
			shown.Base = t.Base.Key()
		}
		a.Restorable = append(a.Restorable, shown)
	}
	for _, g := range s.Gaps {
		shown := Gap{After: g.After, Before: g.Before, Open: g.Open, Bridged: g.Bridged, Text: g.String()}
		if g.Missing != nil {
			shown.Missing = &Range{g.Missing.First, g.Missing.Last}
		}
		a.Gaps = append(a.Gaps, shown)
	}
	for _, d := range s.Dead {
		a.Dead = append(a.Dead, Range(d))
	}
	for _, d := range s.Diverged {
		a.Diverged = append(a.Diverged, d.String())
	}
}

// Whole tells whether the newest record that is held can be restored.
func (a Archive) Whole() bool {
	return a.NewestRestorable != nil && a.NewestRestorable.Zxid == a.Newest
}

func (a *Archive) warn(s archive.Survey) {
	switch {
	case s.Segments+len(s.Bases) == 0:
	case a.NewestRestorable == nil:
		a.Warnings = append(a.Warnings, "nothing can be restored")
	case !s.Restorable:
		a.Warnings = append(a.Warnings, fmt.Sprintf("the newest record, %s, cannot be restored; %s can", a.Newest, a.NewestRestorable.Zxid))
	}
	for _, g := range a.Gaps {
		a.Warnings = append(a.Warnings, "a gap: "+g.Text)
	}
	a.Warnings = append(a.Warnings, a.Diverged...)
}

// Month is what Growth is told of.
const Month = 30 * 24 * time.Hour

func (a Archive) growth() *Growth {
	listed := a.Until.Sub(a.Since)
	if listed < time.Hour {
		return nil
	}
	months := float64(listed) / float64(Month)
	return &Growth{Bytes: int64(float64(a.Bytes) / months), Puts: int64(float64(a.Segments+a.Bases) / months)}
}
