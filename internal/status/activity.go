package status

import (
	"time"

	"github.com/zkark/zkark/internal/archive"
)

// Activity is about how many bytes of segments the time from Since to Until took, in n equal parts. A segment counts for its time
// evenly, and one whose records others hold too counts again.
func (a Archive) Activity(c archive.Catalog, n int) []int64 {
	parts := make([]int64, n)
	for i := range c.Segments {
		s := &c.Segments[i]
		first, last := a.Part(s.FirstTime, n), a.Part(s.LastTime, n)
		last = max(first, last)
		for j := first; j <= last; j++ {
			parts[j] += s.Size / int64(last-first+1)
		}
	}
	return parts
}

// Part is which of n equal parts of the time from Since to Until a moment lies in, counted from 0. One outside lies in the nearest.
func (a Archive) Part(t time.Time, n int) int {
	if !a.Since.Before(a.Until) {
		return 0
	}
	return max(0, min(n-1, int(float64(n)*float64(t.Sub(a.Since))/float64(a.Until.Sub(a.Since)))))
}
