package archive

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/zkark/zkark/internal/zookeeper"
)

// ReportPrefix begins the keys of servers' reports, beside the timelines:
//
//	servers/003/20261123T084307.123Z.json
//
// Objects never change, so each report is one of its own. The newest of a server counts; pruning removes the others.
const ReportPrefix = "servers/"

const reportSuffix = ".json"

// ServerReport is what a server's sidecar says of the server now and then. It holds no address, path or data of znodes. What is not
// known is left out: a sidecar reports whether ZooKeeper runs or not.
type ServerReport struct {
	Format int       `json:"format"`
	Server int       `json:"server"` // myid, 0 for a standalone server
	Time   time.Time `json:"time"`   // by the clock of the sidecar

	Role    string `json:"role"`              // leader, follower, observer, standalone, read-only, looking or unknown
	Version string `json:"version,omitempty"` // of ZooKeeper

	// AcceptedEpoch and CurrentEpoch are those of the server's files: no leader has had a higher one that the server knows of.
	AcceptedEpoch uint32 `json:"acceptedEpoch,omitempty"`
	CurrentEpoch  uint32 `json:"currentEpoch,omitempty"`

	Logged    zookeeper.Zxid `json:"logged,omitzero"`    // the last record in the server's logs
	Committed zookeeper.Zxid `json:"committed,omitzero"` // the last that the server had applied
	Archived  zookeeper.Zxid `json:"archived,omitzero"`  // the last local record up to which nothing is lacking
	Pending   uint64         `json:"pending"`            // records logged and not archived

	Peers  []PeerReport `json:"peers,omitempty"`  // of the other servers those that answered
	Voters []int        `json:"voters,omitempty"` // of the server's configuration, itself among them
	// Observers are those of the configuration that do not vote.
	Observers []int `json:"observers,omitempty"`
}

// PeerReport is another server, seen from the one that reports.
type PeerReport struct {
	Server int            `json:"server"`
	Role   string         `json:"role"`
	Zxid   zookeeper.Zxid `json:"zxid"` // the last that it had applied
}

// Key is where the report is kept, below the archive's prefix.
func (r ServerReport) Key() string { return ReportKey(r.Server, r.Time) }

// Encode is the content of the report's object.
func (r ServerReport) Encode() ([]byte, error) {
	r.Format, r.Time = Format, r.Time.UTC()
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", r.Key(), err)
	}
	return append(data, '\n'), nil
}

// ParseServerReport reads the content of the object with a key, and refuses what the key does not say, or a newer format.
func ParseServerReport(key string, data []byte) (ServerReport, error) {
	ref, ok := ParseReportKey(key)
	if !ok {
		return ServerReport{}, fmt.Errorf("read %s: that is no report's name", key)
	}
	var r ServerReport
	if err := json.Unmarshal(data, &r); err != nil {
		return ServerReport{}, fmt.Errorf("read %s: %w", key, err)
	}
	switch {
	case r.Format > Format:
		return ServerReport{}, fmt.Errorf("read %s: format %d is newer than the %d that this zkark knows: use a newer zkark", key, r.Format, Format)
	case r.Format < 1 || r.Server != ref.Server || !r.Time.Truncate(time.Millisecond).Equal(ref.Time):
		return ServerReport{}, fmt.Errorf("read %s: its content is not the report that its name says", key)
	}
	return r, nil
}

// ReportKey names a server's report of a time, to the millisecond.
func ReportKey(server int, t time.Time) string {
	return fmt.Sprintf(ReportPrefix+"%03d/%s"+reportSuffix, server, stamp(t))
}

// ReportRef is one line of a listing of reports.
type ReportRef struct {
	Key      string
	Server   int
	Time     time.Time // by the clock of the sidecar
	Modified time.Time // by the store's clock; zero for not known
}

// newer orders the reports of one server. The store's clock is one for all and goes before that of a sidecar, which may have been
// set back.
func (a ReportRef) newer(b ReportRef) bool {
	return cmp.Or(a.Modified.Compare(b.Modified), a.Time.Compare(b.Time)) > 0
}

// ParseReportKey reads a name that ReportKey wrote; anything else is not ok.
func ParseReportKey(key string) (ref ReportRef, ok bool) { return parseStamped(ReportPrefix, key) }

// parseStamped reads PREFIX, a server and a time.
func parseStamped(prefix, key string) (ref ReportRef, ok bool) {
	r := nameReader{rest: key}
	r.literal(prefix)
	ref.Key, ref.Server = key, r.number(3)
	r.literal("/")
	ref.Time = r.time()
	r.literal(reportSuffix)
	return ref, r.done()
}

// NewestReports finds each server's last report in a listing, in order of the servers. Keys that are no reports are passed over.
func NewestReports(objects []Object) []ReportRef {
	newest, _ := sortStamped(ReportPrefix, objects)
	return newest
}

// OldReports finds the reports in a listing that a newer one of the same server has replaced, and that were stored more than grace before
// now, by the store's clock. One whose time is not known counts as new.
func OldReports(objects []Object, grace time.Duration, now time.Time) []ReportRef {
	_, replaced := sortStamped(ReportPrefix, objects)
	return expired(replaced, grace, now)
}

func expired(replaced []ReportRef, grace time.Duration, now time.Time) []ReportRef {
	return slices.DeleteFunc(replaced, func(r ReportRef) bool { return r.Modified.IsZero() || now.Sub(r.Modified) <= grace })
}

func sortStamped(prefix string, objects []Object) (newest, replaced []ReportRef) {
	last := map[int]ReportRef{}
	for _, o := range objects {
		r, ok := parseStamped(prefix, o.Key)
		if !ok {
			continue
		}
		r.Modified = o.Modified
		before, found := last[r.Server]
		switch {
		case !found:
			last[r.Server] = r
		case r.newer(before):
			last[r.Server], replaced = r, append(replaced, before)
		default:
			replaced = append(replaced, r)
		}
	}
	newest = slices.SortedFunc(maps.Values(last), func(a, b ReportRef) int { return cmp.Compare(a.Server, b.Server) })
	return newest, replaced
}
