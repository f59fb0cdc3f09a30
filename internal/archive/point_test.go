package archive

import (
	"testing"
	"time"
)

func TestPointsAreReadAsTheyAreWritten(t *testing.T) {
	now := time.Date(2026, 11, 23, 14, 0, 0, 0, time.UTC)
	for text, want := range map[string]Point{
		"latest":                        Latest(),
		"0x100000fa3":                   AtZxid(0x100000fa3),
		"4294971299":                    AtZxid(4294971299),
		"0":                             AtZxid(0),
		"before:0x200000001":            Before(0x200000001),
		"before-delete:/app/a b":        BeforeDelete("/app/a b"),
		"2026-11-23T13:05:00Z":          AtTime(time.Date(2026, 11, 23, 13, 5, 0, 0, time.UTC)),
		"2026-10-25T02:30:00+02:00":     AtTime(time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC)), // an hour that comes twice
		"2026-10-25T02:30:00+01:00":     AtTime(time.Date(2026, 10, 25, 1, 30, 0, 0, time.UTC)),
		"10m ago":                       AtTime(now.Add(-10 * time.Minute)),
		"1d2h ago":                      AtTime(now.Add(-26 * time.Hour)),
		" 90s ago ":                     AtTime(now.Add(-90 * time.Second)),
		"2026-11-23T13:05:00.123+00:00": AtTime(time.Date(2026, 11, 23, 13, 5, 0, 123e6, time.UTC)),
	} {
		got, err := ParsePoint(text, now)
		if err != nil || got.String() != want.String() || got.kind != want.kind {
			t.Errorf("%q: %s, %v; want %s", text, got, err, want)
		}
		again, err := ParsePoint(got.String(), now)
		if err != nil || again.String() != got.String() {
			t.Errorf("%s does not read itself: %s, %v", got, again, err)
		}
	}
}

func TestWhatIsNoPointIsRefused(t *testing.T) {
	for _, text := range []string{"", "newest", "100000fa3", "-1", "0x", "before:", "before:0", "before:0x0", "before-delete:", "before-delete:/",
		"before-delete:app", "before-delete:/app/", "ago", "ten minutes ago", "-5m ago", "2026-11-23", "18446744073709551616"} {
		if p, err := ParsePoint(text, time.Now()); err == nil {
			t.Errorf("%q is taken for %s", text, p)
		}
	}
}

func TestATimeIsNotPlannedBeforeItIsLookedUp(t *testing.T) {
	c := ParseCatalog([]Object{{Key: (Segment{First: 1, Last: 9, Linked: true, Hash: "0123456789abcdef"}).Key()}})
	if _, err := MakePlan(c, AtTime(time.Now())); err == nil {
		t.Error("a plan for a time")
	}
	if p, err := MakePlan(c, Before(5)); err != nil || p.Target != 4 {
		t.Errorf("before 5: %s, %v", p.Target, err)
	}
}
