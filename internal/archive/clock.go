package archive

import (
	"slices"
	"time"

	"github.com/zkark/zkark/internal/zookeeper"
)

// clock tells when records were made, as far as the names of segments do: to the millisecond at the ends of a segment, and in
// between not later than it was.
type clock struct {
	zxids []zookeeper.Zxid // in order
	times []time.Time      // of each; zero for not known
}

// newClock looks the times of some records up, in one pass over the segments.
func newClock(c Catalog, zxids []zookeeper.Zxid) clock {
	slices.Sort(zxids)
	k := clock{zxids: slices.Compact(zxids)}
	k.times = make([]time.Time, len(k.zxids))
	for i := range c.Segments {
		s := &c.Segments[i]
		j, _ := slices.BinarySearch(k.zxids, s.First)
		for ; j < len(k.zxids) && k.zxids[j] <= s.Last; j++ {
			k.learn(j, s)
		}
	}
	return k
}

func (k clock) learn(j int, s *Segment) {
	t := s.FirstTime
	if k.zxids[j] == s.Last {
		t = s.LastTime
	}
	if t.After(k.times[j]) {
		k.times[j] = t
	}
}

func (k clock) of(z zookeeper.Zxid) time.Time {
	if j, ok := slices.BinarySearch(k.zxids, z); ok {
		return k.times[j]
	}
	return time.Time{}
}

// addTimes fills in when the stretches begin and end. A state that only a base holds is as old as the record after it, or, when it stands
// alone, as the base.
func addTimes(c Catalog, stretches []Stretch) {
	var ends []zookeeper.Zxid
	for _, s := range stretches {
		ends = append(ends, s.First(), s.second(), s.Last())
	}
	k := newClock(c, ends)
	for i := range stretches {
		s := &stretches[i]
		s.FirstTime, s.LastTime = k.of(s.First()), k.of(s.Last())
		switch {
		case s.FirstTime.IsZero() && s.First() < s.Last():
			s.FirstTime = k.of(s.second())
		case s.FirstTime.IsZero():
			s.FirstTime, s.LastTime = s.Base.Time, s.Base.Time
		}
	}
}

// second is the point after the first, if there is one.
func (s Stretch) second() zookeeper.Zxid {
	if r := s.Ranges[0]; r.First == r.Last && len(s.Ranges) > 1 {
		return s.Ranges[1].First
	}
	return s.First() + 1
}
