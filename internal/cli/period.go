package cli

import (
	"time"

	"github.com/zkark/zkark/internal/archive"
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
	d, err := archive.ParsePeriod(s)
	if err != nil {
		return err
	}
	*p = period(d)
	return nil
}
