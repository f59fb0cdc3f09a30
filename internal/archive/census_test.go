package archive

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestCensusEntriesAndDrillReportsAreReadAsTheyWereWritten(t *testing.T) {
	at := time.Date(2026, 11, 23, 6, 36, 54, 37_000_000, time.UTC)
	entry := CensusEntry{Format: Format, Server: 3, Time: at, Holds: true, Last: 0x100000005, Shipped: true, Voters: []int{1, 2, 3}}
	data, err := entry.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if key := "census/003/20261123T063654.037Z.json"; entry.Key() != key {
		t.Errorf("got %s, want %s", entry.Key(), key)
	}
	got, err := ParseCensusEntry(entry.Key(), data)
	if diff := cmp.Diff(entry, got); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	if _, err := ParseCensusEntry("census/004/20261123T063654.037Z.json", data); err == nil {
		t.Error("server 4 said what server 3 says")
	}
	drill := DrillReport{Format: Format, Time: at, Target: 0x100000005, Proof: "proven", Booted: true, Nodes: 7}
	if data, err = drill.Encode(); err != nil {
		t.Fatal(err)
	}
	again, err := ParseDrillReport("drills/20261123T063654.037Z.json", data)
	if diff := cmp.Diff(drill, again); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
}

func TestPruningKeepsTheNewestDrillAndEachServersNewestEntry(t *testing.T) {
	now := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	var objects []Object
	for i := range 3 {
		at := now.Add(time.Duration(i-3) * 24 * time.Hour)
		for _, key := range []string{DrillReport{Time: at}.Key(), CensusEntry{Server: 1, Time: at}.Key(), CensusEntry{Server: 2, Time: at}.Key()} {
			objects = append(objects, Object{Key: key, Modified: at})
		}
	}
	if old := OldDrills(objects, time.Hour, now); len(old) != 2 {
		t.Errorf("drills: %v", old)
	}
	if old := OldCensus(objects, 36*time.Hour, now); len(old) != 4 {
		t.Errorf("census: %v", old)
	}
	newest, ok := NewestDrill(objects)
	if !ok || !newest.Time.Equal(now.Add(-24*time.Hour)) || len(NewestCensus(objects)) != 2 {
		t.Errorf("newest: %v %v", newest, NewestCensus(objects))
	}
}
