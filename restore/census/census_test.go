package census

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/store/mem"
	"github.com/zkark/zkark/internal/zookeeper"
)

func entry(server int, last zookeeper.Zxid) archive.CensusEntry {
	return archive.CensusEntry{Server: server, Time: time.Unix(1000, 0), Holds: last > 0, Last: last, Shipped: true, Voters: []int{1, 2, 3}}
}

func TestDecide(t *testing.T) {
	late := entry(3, 0)
	late.Time = time.Unix(1, 0)
	ahead := entry(3, 0)
	ahead.Time = time.Unix(9000, 0)
	other := entry(3, 0)
	other.Voters = []int{1, 2, 3, 4, 5}
	behind := entry(3, 7)
	behind.Shipped = false
	for name, c := range map[string]struct {
		entries []archive.CensusEntry
		lost    bool
		reason  string
	}{
		"all lost":                        {[]archive.CensusEntry{entry(1, 0), entry(2, 0), entry(3, 0)}, true, "3 of 3"},
		"one has data, shipped":           {[]archive.CensusEntry{entry(1, 0), entry(2, 0), entry(3, 9)}, true, "2 of 3"},
		"one lost disk":                   {[]archive.CensusEntry{entry(1, 0), entry(2, 5), entry(3, 9)}, false, "2, 3 hold data"},
		"the others sleep":                {[]archive.CensusEntry{entry(1, 0)}, false, "2, 3 have not said"},
		"one has said so long ago":        {[]archive.CensusEntry{entry(1, 0), entry(2, 0), late}, false, "3 have not said"},
		"one with a clock of its own":     {[]archive.CensusEntry{entry(1, 0), entry(2, 0), ahead}, false, "3 have not said"},
		"another configuration":           {[]archive.CensusEntry{entry(1, 0), entry(2, 0), other}, false, "another configuration"},
		"the survivor has not shipped":    {[]archive.CensusEntry{entry(1, 0), entry(2, 0), behind}, false, "that the archive lacks"},
		"the survivor is past the tip":    {[]archive.CensusEntry{entry(1, 0), entry(2, 0), entry(3, 11)}, false, "that the archive lacks"},
		"one that is no voter says a lot": {[]archive.CensusEntry{entry(1, 0), entry(2, 0), entry(7, 0)}, false, "3 have not said"},
	} {
		t.Run(name, func(t *testing.T) {
			got := Decide(Round{Voters: []int{1, 2, 3}, Entries: c.entries, Now: time.Unix(1200, 0), Tip: 10})
			if got.Lost != c.lost || !strings.Contains(got.Reason, c.reason) {
				t.Errorf("got %+v, want …%s…", got, c.reason)
			}
		})
	}
}

func TestNoRestoreGoesAheadWhileAMajorityMayHoldData(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 7).Draw(t, "voters")
		r := Round{Now: time.Unix(1200, 0), Tip: 10}
		for id := range n {
			r.Voters = append(r.Voters, id+1)
		}
		empty, most := 0, zookeeper.Zxid(0)
		for _, id := range r.Voters {
			if !rapid.Bool().Draw(t, "reported") && rapid.Bool().Draw(t, "really") {
				continue
			}
			e := entry(id, rapid.SampledFrom([]zookeeper.Zxid{0, 0, 0, 5, 10, 11}).Draw(t, "last"))
			e.Voters = r.Voters
			r.Entries = append(r.Entries, e)
			most = max(most, e.Last)
			if !e.Holds {
				empty++
			}
		}
		c := Decide(r)
		if safe := len(r.Entries) == n && empty > n/2 && most <= r.Tip; c.Lost != safe {
			t.Fatalf("%d reported, %d of %d empty, newest %s: %+v", len(r.Entries), empty, n, most, c)
		}
	})
}

func TestStationsSeeWhatEachServerSaidLast(t *testing.T) {
	bucket, now := mem.New(), time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	one, two := Station{Bucket: bucket, Now: clock}, Station{Bucket: bucket, Now: clock}
	for _, err := range []error{one.Report(t.Context(), entry(1, 0)), two.Report(t.Context(), entry(2, 0))} {
		if err != nil {
			t.Fatal(err)
		}
	}
	now = now.Add(2 * Again)
	if err := two.Report(t.Context(), entry(2, 8)); err != nil {
		t.Fatal(err)
	}
	got, err := one.Entries(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	last := slices.Collect(func(yield func(zookeeper.Zxid) bool) {
		for _, e := range got {
			yield(e.Last)
		}
	})
	if diff := cmp.Diff([]zookeeper.Zxid{0, 8}, last); diff != "" {
		t.Error(diff)
	}
}
