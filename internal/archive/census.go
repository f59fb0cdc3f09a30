package archive

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/zkark/zkark/internal/zookeeper"
)

// CensusPrefix begins the keys of what starting servers say that they hold, beside the timelines:
//
//	census/003/20261123T084307.123Z.json
//
// Names, age and removal are as those of reports.
const CensusPrefix = "census/"

// CensusEntry is what a starting server holds.
type CensusEntry struct {
	Format int       `json:"format"`
	Server int       `json:"server"` // myid
	Time   time.Time `json:"time"`   // by the clock of the server

	Holds   bool           `json:"holds"`         // data that ZooKeeper would start with; false for nothing at all
	Last    zookeeper.Zxid `json:"last,omitzero"` // the last transaction of the data
	Shipped bool           `json:"shipped"`       // the archive holds everything up to Last
	Voters  []int          `json:"voters"`        // of the server's configuration
}

// Key is where the entry is kept, below the archive's prefix.
func (e CensusEntry) Key() string {
	return fmt.Sprintf(CensusPrefix+"%03d/%s"+reportSuffix, e.Server, stamp(e.Time))
}

// Encode is the content of the entry's object.
func (e CensusEntry) Encode() ([]byte, error) {
	e.Format, e.Time = Format, e.Time.UTC()
	data, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", e.Key(), err)
	}
	return append(data, '\n'), nil
}

// ParseCensusEntry reads the content of the object with a key, and refuses what the key does not say, or a newer format.
func ParseCensusEntry(key string, data []byte) (CensusEntry, error) {
	ref, ok := parseStamped(CensusPrefix, key)
	if !ok {
		return CensusEntry{}, fmt.Errorf("read %s: that is no name of a census entry", key)
	}
	var e CensusEntry
	if err := json.Unmarshal(data, &e); err != nil {
		return CensusEntry{}, fmt.Errorf("read %s: %w", key, err)
	}
	if e.Format != Format || e.Server != ref.Server || !e.Time.Truncate(time.Millisecond).Equal(ref.Time) {
		return CensusEntry{}, fmt.Errorf("read %s: its content is not what its name says, or of a newer format than %d", key, Format)
	}
	return e, nil
}

// NewestCensus finds each server's last entry in a listing, in order of the servers.
func NewestCensus(objects []Object) []ReportRef {
	newest, _ := sortStamped(CensusPrefix, objects)
	return newest
}

// OldCensus finds the entries in a listing that may be removed, as OldReports does for reports.
func OldCensus(objects []Object, grace time.Duration, now time.Time) []ReportRef {
	_, replaced := sortStamped(CensusPrefix, objects)
	return expired(replaced, grace, now)
}
