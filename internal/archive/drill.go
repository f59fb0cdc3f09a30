package archive

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/zkark/zkark/internal/zookeeper"
)

// DrillPrefix begins the keys of the reports of drills, beside the timelines:
//
//	drills/20261123T084307.123Z.json
//
// Each is an object of its own; the newest counts, and pruning removes the others.
const DrillPrefix = "drills/"

// DrillReport says that the archive was restored somewhere and proven. A drill that fails leaves none.
type DrillReport struct {
	Format int       `json:"format"`
	Time   time.Time `json:"time"` // when it was proven, by the clock of the machine that did it

	Target  zookeeper.Zxid `json:"target"`  // what was restored
	Records int64          `json:"records"` // replayed over the base
	Digests int64          `json:"digests"` // recorded by ZooKeeper and found right
	Proof   string         `json:"proof"`   // a sentence
	Seconds float64        `json:"seconds"` // that all of it took

	Booted  bool   `json:"booted"`            // a real server started with it and showed the same znodes
	Version string `json:"version,omitempty"` // of that server
	Nodes   int    `json:"nodes,omitempty"`   // that were compared
}

// Key is where the report is kept, below the archive's prefix.
func (r DrillReport) Key() string { return DrillPrefix + stamp(r.Time) + reportSuffix }

// Encode is the content of the report's object.
func (r DrillReport) Encode() ([]byte, error) {
	r.Format, r.Time = Format, r.Time.UTC()
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", r.Key(), err)
	}
	return append(data, '\n'), nil
}

// ParseDrillReport reads the content of the object with a key, and refuses what the key does not say, or a newer format.
func ParseDrillReport(key string, data []byte) (DrillReport, error) {
	ref, ok := parseDrillKey(key)
	var r DrillReport
	if !ok {
		return r, fmt.Errorf("read %s: that is no name of a drill's report", key)
	}
	if err := json.Unmarshal(data, &r); err != nil {
		return DrillReport{}, fmt.Errorf("read %s: %w", key, err)
	}
	if r.Format != Format || !r.Time.Truncate(time.Millisecond).Equal(ref.Time) {
		return DrillReport{}, fmt.Errorf("read %s: its content is not what its name says, or of a newer format than %d", key, Format)
	}
	return r, nil
}

func parseDrillKey(key string) (ref ReportRef, ok bool) {
	r := nameReader{rest: key}
	r.literal(DrillPrefix)
	ref.Key, ref.Time = key, r.time()
	r.literal(reportSuffix)
	return ref, r.done()
}

// NewestDrill finds the last report in a listing. Keys that are no reports of drills are passed over.
func NewestDrill(objects []Object) (newest ReportRef, ok bool) {
	for _, r := range drills(objects) {
		if !ok || r.newer(newest) {
			newest, ok = r, true
		}
	}
	return newest, ok
}

// OldDrills finds the reports in a listing that may be removed, as OldReports does for those of servers.
func OldDrills(objects []Object, grace time.Duration, now time.Time) []ReportRef {
	newest, _ := NewestDrill(objects)
	var replaced []ReportRef
	for _, r := range drills(objects) {
		if r.Key != newest.Key {
			replaced = append(replaced, r)
		}
	}
	return expired(replaced, grace, now)
}

func drills(objects []Object) (refs []ReportRef) {
	for _, o := range objects {
		if r, ok := parseDrillKey(o.Key); ok {
			r.Modified = o.Modified
			refs = append(refs, r)
		}
	}
	return refs
}
