package zookeeper

import (
	"encoding/json"
	"math"
	"testing"
)

func TestZxidKeepsAll64Bits(t *testing.T) {
	for _, z := range []Zxid{0, 1, 0xffffffff, 0x100000000, 1<<53 + 1, 0x80000000_00000001, math.MaxUint64} {
		if back := MakeZxid(z.Epoch(), z.Counter()); back != z {
			t.Errorf("%s: epoch and counter make %s", z, back)
		}
		if back, err := ParseZxid(z.String()); err != nil || back != z {
			t.Errorf("%s: parsed to %s, %v", z, back, err)
		}
		text, err := json.Marshal(map[string]Zxid{"zxid": z})
		if err != nil {
			t.Fatal(err)
		}
		if want := `{"zxid":"` + z.String() + `"}`; string(text) != want {
			t.Errorf("JSON %s; want %s", text, want)
		}
		var back map[string]Zxid
		if err := json.Unmarshal(text, &back); err != nil || back["zxid"] != z {
			t.Errorf("%s: from JSON %v, %v", z, back, err)
		}
	}
}

func TestZxidsOfLargeEpochsSortLast(t *testing.T) {
	ordered := []Zxid{MakeZxid(0, 0xff), MakeZxid(0, 0x100), MakeZxid(1, 0), MakeZxid(math.MaxInt32, 5), MakeZxid(1<<31, 1)}
	for i := 1; i < len(ordered); i++ {
		if ordered[i-1] >= ordered[i] {
			t.Errorf("%s does not sort before %s", ordered[i-1], ordered[i])
		}
	}
}

func TestParseZxidRefusesWhatCouldMeanSomethingElse(t *testing.T) {
	for _, s := range []string{"", "0x", "100000001", "0xg", "0x-1", "-0x1", "0x10000000000000000", " 0x1", "0X1", "0x1 "} {
		if z, err := ParseZxid(s); err == nil {
			t.Errorf("%q parsed to %s", s, z)
		}
	}
	var z Zxid
	if err := json.Unmarshal([]byte(`4294967297`), &z); err == nil {
		t.Errorf("a JSON number was taken as %s", z)
	}
}

func TestFileNamesAreZooKeepersOwn(t *testing.T) {
	for name, z := range map[string]Zxid{"log.1": 1, "log.100000001": 0x100000001, "log.ff": 0xff, "log.100": 0x100, "log.8000000000000001": 0x8000000000000001} {
		if got, ok := ParseLogName(name); !ok || got != z || LogName(z) != name {
			t.Errorf("%s: %s, %v, and back %s", name, got, ok, LogName(z))
		}
	}
	for name, want := range map[string]Compression{"snapshot.0": Plain, "snapshot.ab.gz": Gzip, "snapshot.100000001.snappy": Snappy} {
		z, c, ok := ParseSnapshotName(name)
		if !ok || c != want || SnapshotName(z, c) != name {
			t.Errorf("%s: %s %q, %v, and back %s", name, z, c, ok, SnapshotName(z, c))
		}
	}
}

func TestForeignFileNamesAreRefused(t *testing.T) {
	for _, name := range []string{"", "log.", "log", "log.g", "log.5.bak", "log.5.fixed", "log.5.gz", "log.+5", "log.-1", "log.2C", "xlog.1",
		"log.10000000000000000", "snapshot.1"} {
		if z, ok := ParseLogName(name); ok {
			t.Errorf("%q taken as the log of %s", name, z)
		}
	}
	for _, name := range []string{"", "snapshot.", "snapshot.9.tmp", "snapshot.9.gz.tmp", "snapshot.9.", "snapshot..gz", "snapshot.2C", "log.1"} {
		if z, c, ok := ParseSnapshotName(name); ok {
			t.Errorf("%q taken as the snapshot of %s %q", name, z, c)
		}
	}
}
