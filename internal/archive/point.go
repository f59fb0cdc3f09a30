package archive

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/zkark/zkark/internal/zookeeper"
)

// PointForms tells how points are written.
const PointForms = "latest, a ZXID like 0x100000fa3, a time like 2026-11-23T14:05:00Z or \"10m ago\", before:ZXID, or before-delete:/path"

// Point is where to restore to. Latest and zxids are planned from names alone; a time and a deletion have to be looked up in
// segments first, which gives a zxid.
type Point struct {
	kind pointKind
	at   zookeeper.Zxid
	time time.Time
	path string
}

type pointKind int

const (
	pointZxid pointKind = iota
	pointLatest
	pointBefore
	pointTime
	pointDelete
)

// Latest is the newest point that the archive holds.
func Latest() Point { return Point{kind: pointLatest} }

// AtZxid is a zxid; one that is not on the chain, or not held yet, rounds down.
func AtZxid(z zookeeper.Zxid) Point { return Point{at: z} }

// Before is the state that a transaction found. The zxid is not 0.
func Before(z zookeeper.Zxid) Point { return Point{kind: pointBefore, at: z} }

// AtTime is the state before the first transaction, in order of zxid, that is stamped later than t. Stamps are of the leaders'
// clocks, in milliseconds: where one of them was ahead, nothing that is stamped later than t is in the state.
func AtTime(t time.Time) Point { return Point{kind: pointTime, time: t} }

// BeforeDelete is the state that the last deletion of a znode found, whether by a request of its own, in a group, with the session
// that owned it, or because its time was over.
func BeforeDelete(path string) Point { return Point{kind: pointDelete, path: path} }

// ParsePoint reads a point as PointForms says. A time may be relative to now.
func ParsePoint(text string, now time.Time) (Point, error) {
	text = strings.TrimSpace(text)
	if text == "latest" {
		return Latest(), nil
	}
	if z, ok := strings.CutPrefix(text, "before:"); ok {
		return parseBefore(z)
	}
	if path, ok := strings.CutPrefix(text, "before-delete:"); ok {
		if len(path) < 2 || path[0] != '/' || path[len(path)-1] == '/' {
			return Point{}, fmt.Errorf("point %q: %q is not the path of a znode that can be deleted", text, path)
		}
		return BeforeDelete(path), nil
	}
	if length, ok := strings.CutSuffix(text, "ago"); ok {
		d, err := ParsePeriod(strings.TrimSpace(length))
		if err != nil {
			return Point{}, fmt.Errorf("point %q: %w", text, err)
		}
		return AtTime(now.Add(-d)), nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return AtTime(t), nil
	}
	z, err := parseAnyZxid(text)
	switch {
	case err != nil && strings.HasPrefix(text, "0x"):
		return Point{}, fmt.Errorf("point %q: %w", text, err)
	case err != nil:
		return Point{}, fmt.Errorf("point %q: want %s", text, PointForms)
	}
	return AtZxid(z), nil
}

func parseBefore(text string) (Point, error) {
	z, err := parseAnyZxid(text)
	if err != nil {
		return Point{}, fmt.Errorf("point before:%s: %w", text, err)
	}
	if z == 0 {
		return Point{}, fmt.Errorf("point before:%s: nothing is before it", text)
	}
	return Before(z), nil
}

// parseAnyZxid reads hexadecimal after 0x, and decimal, in which some tools print zxids.
func parseAnyZxid(text string) (zookeeper.Zxid, error) {
	if strings.Trim(text, "0123456789") == "" && text != "" {
		v, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("zxid %q: want up to 64 bits", text)
		}
		return zookeeper.Zxid(v), nil
	}
	return zookeeper.ParseZxid(text)
}

// Zxid is the state that the point names, where names are enough to tell: it is not ok for Latest, a time or a deletion.
func (p Point) Zxid() (z zookeeper.Zxid, ok bool) {
	switch p.kind {
	case pointZxid:
		return p.at, true
	case pointBefore:
		return p.at - 1, true
	}
	return 0, false
}

// Time is the time that the point names; it is not ok for others.
func (p Point) Time() (t time.Time, ok bool) { return p.time, p.kind == pointTime }

// Deleted is the path whose deletion the point names; it is not ok for others.
func (p Point) Deleted() (path string, ok bool) { return p.path, p.kind == pointDelete }

// String is the point as ParsePoint reads it; times are absolute.
func (p Point) String() string {
	switch p.kind {
	case pointLatest:
		return "latest"
	case pointBefore:
		return "before:" + p.at.String()
	case pointTime:
		return p.time.UTC().Format(time.RFC3339Nano)
	case pointDelete:
		return "before-delete:" + p.path
	}
	return p.at.String()
}

// ParsePeriod reads what time.ParseDuration reads, after a number of weeks and a number of days: 7d, 2w, 36h, 1d12h. It is
// not below 0.
func ParsePeriod(s string) (time.Duration, error) {
	wrong := fmt.Errorf("%q is no length of time: want one as 7d, 2w or 36h, up to 292 years", s)
	var total time.Duration
	rest := s
	for _, unit := range []struct {
		letter string
		length time.Duration
	}{{"w", 7 * 24 * time.Hour}, {"d", 24 * time.Hour}} {
		digits, after, ok := strings.Cut(rest, unit.letter)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(digits, 10, 63)
		if err != nil || int64(n) > int64((math.MaxInt64-total)/unit.length) {
			return 0, wrong
		}
		total, rest = total+time.Duration(n)*unit.length, after
	}
	if rest == "" && s != "" {
		return total, nil
	}
	d, err := time.ParseDuration(rest)
	if err != nil || d < 0 || d > math.MaxInt64-total {
		return 0, wrong
	}
	return total + d, nil
}
