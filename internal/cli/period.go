package cli

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// period is a flag with a length of time that people give in days and weeks: 7d, 2w, 36h, 1d12h. It is not below 0.
type period time.Duration

func (p *period) String() string {
	if *p == 0 {
		return ""
	}
	return time.Duration(*p).String()
}

func (p *period) Type() string { return "duration" }

func (p *period) Set(s string) error {
	d, err := parsePeriod(s)
	if err != nil {
		return err
	}
	*p = period(d)
	return nil
}

// parsePeriod reads what time.ParseDuration reads, after a number of weeks and a number of days.
func parsePeriod(s string) (time.Duration, error) {
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
