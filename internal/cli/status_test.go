package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/status"
	"github.com/zkark/zkark/internal/zookeeper"
)

func at(hour float64) time.Time {
	return time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC).Add(time.Duration(hour * float64(time.Hour)))
}

func segment(first, last, prev zookeeper.Zxid, from, to float64) archive.Segment {
	return archive.Segment{First: first, Last: last, Prev: prev, Linked: true, Source: 1, Size: 1 << 20,
		FirstTime: at(from), LastTime: at(to), Hash: "0123456789abcdef"}
}

func snapshotOf(start, end zookeeper.Zxid, hour float64, source int) archive.Base {
	return archive.Base{Start: start, End: end, Time: at(hour), Source: source, Size: 3 << 20, Hash: "0123456789abcdef"}
}

// troubled is an archive with a dead branch, a gap that a base bridges, and servers that disagree.
func troubled() archive.Catalog {
	jump := segment(0x200000020, 0x200000064, 0, 12, 20)
	jump.Linked, jump.Source, jump.Size = false, 2, 40<<20
	twin := segment(0x200000060, 0x200000064, 0x20000005f, 18, 19)
	twin.Source = 3
	return archive.Catalog{
		Segments: []archive.Segment{segment(0x100000001, 0x100000064, 0, 0, 6), segment(0x200000001, 0x200000010, 0x100000060, 6, 8), jump, twin},
		Bases:    []archive.Base{snapshotOf(0, 0, 0, 1), snapshotOf(0x20000001f, 0x200000021, 13, 2), snapshotOf(0x300000001, 0x300000005, 14, 3)},
		Foreign:  []string{"readme.txt"},
	}
}

func quiet() archive.Catalog {
	return archive.Catalog{
		Segments: []archive.Segment{segment(1, 0x64, 0, 0, 0.5), segment(0x65, 0x66, 0x64, 47, 48)},
		Bases:    []archive.Base{snapshotOf(0, 0, 0, 0)},
	}
}

func broken() archive.Catalog {
	c := quiet()
	c.Segments[1].First, c.Segments[1].Prev, c.Segments[1].Last = 0x70, 0x6f, 0x80
	return c
}

// UPDATE_GOLDEN=1 go test ./internal/cli -run Status writes the pages anew.
func TestStatusIsAPageThatTellsWhatCanBeRestoredAndWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		catalog archive.Catalog
		screen  screen
		drill   *archive.DrillReport
	}{
		"troubled":       {troubled(), screen{width: 100, unicode: true}, nil},
		"troubled-ascii": {troubled(), screen{width: 80}, nil},
		"quiet":          {quiet(), screen{width: 80, unicode: true}, &archive.DrillReport{Time: at(3), Target: 0x64, Version: "3.8.0"}},
		"broken":         {broken(), screen{width: 80, unicode: true}, nil},
		"no-base":        {archive.Catalog{Segments: []archive.Segment{segment(0x70, 0x80, 0x6f, 1, 1.1)}}, screen{width: 80, unicode: true}, nil},
		"one-base":       {archive.Catalog{Bases: []archive.Base{snapshotOf(7, 7, 3, 1)}}, screen{width: 80, unicode: true}, nil},
	} {
		a := status.Of("s3://backups/zookeeper", "c0ffee", c.catalog)
		a.AddDrill(c.drill)
		page := statusPage{Archive: a, now: at(50.5), syncRate: 2, screen: c.screen, activity: a.Activity(c.catalog, c.screen.bar())}
		got := page.String()
		golden := filepath.Join("testdata", "status", name+".golden")
		if os.Getenv("UPDATE_GOLDEN") != "" {
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if !c.screen.unicode && strings.ContainsFunc(got, func(r rune) bool { return r > unicode.MaxASCII }) {
			t.Errorf("%s is not ASCII:\n%s", name, got)
		}
	}
}

func TestTheScreenFollowsTheLocale(t *testing.T) {
	for _, c := range []struct {
		env  map[string]string
		want bool
	}{
		{nil, false},
		{map[string]string{"LANG": "en_US.UTF-8"}, true},
		{map[string]string{"LANG": "C.utf8"}, true},
		{map[string]string{"LANG": "en_US.UTF-8", "LC_ALL": "C"}, false},
		{map[string]string{"LANG": "C", "LC_CTYPE": "de_DE.UTF-8"}, true},
	} {
		s := &session{Process: Process{LookupEnv: func(name string) (string, bool) { v, ok := c.env[name]; return v, ok }}}
		if got := s.screen(); got.unicode != c.want || got.width != defaultWidth {
			t.Errorf("%v: %+v", c.env, got)
		}
	}
}

func TestAnAgeIsToldInTwoUnits(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s ago", 59 * time.Second: "59s ago", 61 * time.Second: "1m1s ago", 26*time.Hour + 3*time.Minute: "1d2h ago",
		3*time.Hour + 59*time.Second: "3h0m ago", -time.Minute: "1m0s from now: a clock is wrong",
	} {
		if got := ago(d); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
}
