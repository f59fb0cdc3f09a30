package archive

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestAReportReadsBackAsItWasWritten(t *testing.T) {
	want := ServerReport{
		Format: Format, Server: 3, Time: time.UnixMilli(1795415814037).UTC(), Role: "follower", Version: "3.8.0", AcceptedEpoch: 4, CurrentEpoch: 3,
		Logged: 0x300000007, Committed: 0x300000006, Archived: 0x300000005, Pending: 2,
		Peers: []PeerReport{{Server: 1, Role: "leader", Zxid: 0x300000008}}, Voters: []int{1, 2, 3}, Observers: []int{4},
	}
	if key := "servers/003/20261123T063654.037Z.json"; want.Key() != key {
		t.Errorf("it is named %s, want %s", want.Key(), key)
	}
	data, err := want.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseServerReport(want.Key(), data)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	if !strings.Contains(string(data), `"logged": "0x300000007"`) {
		t.Errorf("a zxid is not a string in\n%s", data)
	}
}

func TestAReportOfNothingKnownLeavesOutWhatIsNotKnown(t *testing.T) {
	data, err := ServerReport{Role: "unknown", Time: time.Unix(0, 0)}.Encode()
	want := "{\n  \"format\": 1,\n  \"server\": 0,\n  \"time\": \"1970-01-01T00:00:00Z\",\n  \"role\": \"unknown\",\n  \"pending\": 0\n}\n"
	if diff := cmp.Diff(want, string(data)); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestAReportThatIsNotWhatItsNameSaysIsRefused(t *testing.T) {
	r := ServerReport{Server: 3, Time: time.Unix(5, 0), Role: "leader"}
	data, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ key, data string }{
		"another server": {ReportKey(4, r.Time), string(data)},
		"another time":   {ReportKey(3, time.Unix(6, 0)), string(data)},
		"no report":      {"zkark.json", string(data)},
		"no JSON":        {r.Key(), "report"},
		"cut off":        {r.Key(), string(data[:len(data)/2])},
		"a newer format": {r.Key(), strings.Replace(string(data), `"format": 1`, `"format": 2`, 1)},
		"no format":      {r.Key(), "{}"},
	} {
		if got, err := ParseServerReport(tc.key, []byte(tc.data)); err == nil || !strings.Contains(err.Error(), tc.key) {
			t.Errorf("%s: %+v, %v; want an error with the key", name, got, err)
		}
	}
}

func TestEveryReportKeyReadsBackAsWhatItNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		server := rapid.IntRange(0, 255).Draw(t, "server")
		at := time.UnixMilli(rapid.Int64Range(0, 1<<42).Draw(t, "time")).UTC()
		ref, ok := ParseReportKey(ReportKey(server, at))
		if !ok || ref.Server != server || !ref.Time.Equal(at) {
			t.Fatalf("%s reads back as %+v, %v", ReportKey(server, at), ref, ok)
		}
	})
	good := ReportKey(3, time.Unix(5, 0))
	for _, key := range []string{"", "servers/", "x" + good, good + "x", strings.Replace(good, "003", "3", 1), strings.Replace(good, "003", "-03", 1),
		strings.Replace(good, "Z", "z", 1), "servers/003.json"} {
		if _, ok := ParseReportKey(key); ok {
			t.Errorf("%q passes for a report", key)
		}
	}
}

func TestTheNewestReportOfEachServerCounts(t *testing.T) {
	at := func(s int64) time.Time { return time.Unix(s, 0).UTC() }
	objects := []Object{
		{Key: ReportKey(1, at(100)), Modified: at(1000)},
		{Key: ReportKey(1, at(90)), Modified: at(2000)}, // its clock was set back
		{Key: ReportKey(2, at(300))},
		{Key: ReportKey(2, at(200))},
		{Key: "servers/notes.txt", Modified: at(9000)},
	}
	var newest []string
	for _, r := range NewestReports(objects) {
		newest = append(newest, r.Key)
	}
	if diff := cmp.Diff([]string{objects[1].Key, objects[2].Key}, newest); diff != "" {
		t.Error(diff)
	}
	for grace, want := range map[time.Duration]int{500 * time.Second: 1, 1500 * time.Second: 0} {
		old := OldReports(objects, grace, at(2000))
		if len(old) != want || want == 1 && old[0].Key != objects[0].Key {
			t.Errorf("with a grace of %s the old ones are %+v, want %d", grace, old, want)
		}
	}
}

func TestOneReportOfEachServerIsNeverOld(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		second := rapid.Int64Range(0, 50)
		var objects []Object
		servers := map[int]bool{}
		for range rapid.IntRange(0, 20).Draw(t, "reports") {
			server := rapid.IntRange(0, 3).Draw(t, "server")
			servers[server] = true
			objects = append(objects, Object{Key: ReportKey(server, time.Unix(second.Draw(t, "time"), 0)), Modified: time.Unix(second.Draw(t, "stored"), 0)})
		}
		newest, old := NewestReports(objects), OldReports(objects, 0, time.Unix(100, 0))
		if len(newest) != len(servers) || len(newest)+len(old) != len(objects) {
			t.Fatalf("%d servers and %d reports, but %d are the newest and %d old", len(servers), len(objects), len(newest), len(old))
		}
	})
}
