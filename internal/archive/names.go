package archive

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/zkark/zkark/internal/zookeeper"
)

// Names sort by the first zxid, are readable, and hold only what every store and file system takes:
//
//	log/0000000100000001-00000001000000ff.after-0000000000000000.20261123T084307.123Z-20261123T084312.007Z.s001.0123456789abcdef.log.zst
//	snapshot/0000000100000001-0000000100000007.20261123T084307.123Z.s001.0123456789abcdef.snapshot.zst
//	pruned/0000000100000001.json
//
// Those of encrypted objects end in .age after that.
const (
	// IdentityKey is the object that tells an archive from a stray directory.
	IdentityKey = "zkark.json"
	// TimelineKey is the object, below a timeline's prefix, that tells where the timeline came from.
	TimelineKey = "timeline.json"

	// LogPrefix and SnapshotPrefix begin the keys of segments and bases below a timeline.
	LogPrefix      = "log/"
	SnapshotPrefix = "snapshot/"

	ageSuffix = ".age"

	// MarkPrefix begins the keys of what pruning leaves. It sorts after LogPrefix, so that a listing which misses a removed
	// segment has the mark that was put before.
	MarkPrefix = "pruned/"
	// ClockKey is the object, below a timeline's prefix, that pruning creates and deletes to learn the store's time.
	ClockKey = MarkPrefix + "clock"

	unknownPrev = "xxxxxxxxxxxxxxxx"
	timeLayout  = "20060102T150405.000Z"
)

// ProbeKey is the object, beside the timelines, that zkark doctor tries its rights on. It stays where they do not include deletion, and
// means nothing.
const ProbeKey = "doctor/probe"

// TimelinesPrefix begins the keys of all timelines.
const TimelinesPrefix = "timelines/"

// TimelinePrefix is the prefix of timeline n, counted from 1; keys of segments and bases are below it.
func TimelinePrefix(n int) string { return fmt.Sprintf(TimelinesPrefix+"%08x/", n) }

// AfterTimeline sorts after every key of timelines up to n and before every other's.
func AfterTimeline(n int) string { return fmt.Sprintf(TimelinesPrefix+"%08x0", n) }

// ParseTimelineKey tells the timeline of a key as it is in the archive.
func ParseTimelineKey(key string) (n int, ok bool) {
	digits, rest, _ := strings.Cut(strings.TrimPrefix(key, TimelinesPrefix), "/")
	v, err := strconv.ParseUint(digits, 16, 31)
	return int(v), err == nil && v > 0 && key == TimelinePrefix(int(v))+rest
}

// Key is the segment's name below its timeline.
func (s Segment) Key() string {
	prev := unknownPrev
	if s.Linked {
		prev = fixed(s.Prev)
	}
	return fmt.Sprintf(LogPrefix+"%s-%s.after-%s.%s-%s.s%03d.%s.log.zst%s", fixed(s.First), fixed(s.Last), prev,
		stamp(s.FirstTime), stamp(s.LastTime), s.Source, s.Hash, suffix(s.Encrypted))
}

// Key is the base's name below its timeline.
func (b Base) Key() string {
	return fmt.Sprintf(SnapshotPrefix+"%s-%s.%s.s%03d.%s.snapshot.zst%s", fixed(b.Start), fixed(b.End),
		stamp(b.Time), b.Source, b.Hash, suffix(b.Encrypted))
}

// Key is the mark's name below its timeline.
func (m Mark) Key() string { return MarkPrefix + fixed(m.Floor) + ".json" }

// ParseMark reads a name that Mark.Key wrote; anything else is not ok.
func ParseMark(key string) (m Mark, ok bool) {
	r := nameReader{rest: key}
	r.literal(MarkPrefix)
	m.Floor = r.zxid()
	r.literal(".json")
	return m, r.done()
}

// ParseSegment reads a name that Segment.Key wrote; anything else is not ok.
func ParseSegment(key string) (s Segment, ok bool) {
	r := nameReader{rest: key}
	r.literal(LogPrefix)
	s.First = r.zxid()
	r.literal("-")
	s.Last = r.zxid()
	r.literal(".after-")
	s.Linked = !r.skip(unknownPrev)
	if s.Linked {
		s.Prev = r.zxid()
	}
	r.literal(".")
	s.FirstTime = r.time()
	r.literal("-")
	s.LastTime = r.time()
	s.Source, s.Hash = r.sourceAndHash()
	r.literal(".log.zst")
	s.Encrypted = r.skip(ageSuffix)
	return s, r.done() && s.valid()
}

// ParseBase reads a name that Base.Key wrote; anything else is not ok.
func ParseBase(key string) (b Base, ok bool) {
	r := nameReader{rest: key}
	r.literal(SnapshotPrefix)
	b.Start = r.zxid()
	r.literal("-")
	b.End = r.zxid()
	r.literal(".")
	b.Time = r.time()
	b.Source, b.Hash = r.sourceAndHash()
	r.literal(".snapshot.zst")
	b.Encrypted = r.skip(ageSuffix)
	return b, r.done() && b.Start <= b.End
}

func fixed(z zookeeper.Zxid) string { return fmt.Sprintf("%016x", uint64(z)) }

func suffix(encrypted bool) string {
	if encrypted {
		return ageSuffix
	}
	return ""
}

func stamp(t time.Time) string { return t.UTC().Format(timeLayout) }

// nameReader takes the fixed-width parts of a name off its front. A million names are parsed for one plan, so it neither
// backtracks nor allocates.
type nameReader struct {
	rest string
	bad  bool
}

func (r *nameReader) skip(lit string) bool {
	rest, ok := strings.CutPrefix(r.rest, lit)
	r.rest = rest
	return ok
}

func (r *nameReader) literal(lit string) {
	if !r.skip(lit) {
		r.bad = true
	}
}

func (r *nameReader) take(n int) string {
	if len(r.rest) < n {
		r.bad, r.rest = true, ""
		return ""
	}
	part := r.rest[:n]
	r.rest = r.rest[n:]
	return part
}

// hex takes n lower-case hex digits.
func (r *nameReader) hex(n int) string {
	part := r.take(n)
	for i := range len(part) {
		if c := part[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			r.bad = true
		}
	}
	return part
}

func (r *nameReader) zxid() zookeeper.Zxid {
	v, err := strconv.ParseUint(r.hex(16), 16, 64)
	r.bad = r.bad || err != nil
	return zookeeper.Zxid(v)
}

func (r *nameReader) time() time.Time {
	text := r.take(len(timeLayout))
	t, err := time.Parse(timeLayout, text)
	r.bad = r.bad || err != nil || !isStamp(text)
	return t
}

// isStamp holds a time to its layout, digit for digit. The parser would take a comma for the point, and a sign behind it.
func isStamp(text string) bool {
	for i, c := range []byte(timeLayout) {
		digit := '0' <= text[i] && text[i] <= '9'
		if digit != ('0' <= c && c <= '9') || !digit && text[i] != c {
			return false
		}
	}
	return true
}

// number takes n decimal digits.
func (r *nameReader) number(n int) int {
	digits := r.take(n)
	v, err := strconv.Atoi(digits)
	r.bad = r.bad || err != nil || strings.Trim(digits, "0123456789") != ""
	return v
}

func (r *nameReader) sourceAndHash() (source int, hash string) {
	r.literal(".s")
	source = r.number(3)
	r.literal(".")
	hash = r.hex(16)
	return source, hash
}

func (r *nameReader) done() bool { return !r.bad && r.rest == "" }
