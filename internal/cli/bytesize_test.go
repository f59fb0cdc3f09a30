package cli

import (
	"testing"

	"pgregory.net/rapid"
)

func TestASizeIsReadInTheUnitsPeopleWrite(t *testing.T) {
	tests := map[string]int64{
		"0": 0, "512": 512, "512B": 512, "512k": 512 << 10, "10MiB": 10 << 20, "10mib": 10 << 20, "1MB": 1_000_000,
		"1.5GB": 1_500_000_000, "2 GiB": 2 << 30, "1T": 1 << 40, "3kB": 3000,
	}
	for s, want := range tests {
		var b byteSize
		if err := b.Set(s); err != nil || int64(b) != want {
			t.Errorf("%q is %d, %v, want %d", s, b, err, want)
		}
	}
}

func TestWhatIsNoSizeIsRefused(t *testing.T) {
	for _, s := range []string{"", "k", "-1", "10 apples", "1e9", "0x10", "1iB", "1KK", "1bM", "9999999999T", "inf", "nan", "1..5"} {
		var b byteSize
		if err := b.Set(s); err == nil {
			t.Errorf("%q passes as %d", s, b)
		}
	}
}

func TestASizePrintsAsWhatReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := byteSize(rapid.Int64Range(0, 1<<50).Draw(t, "n") << rapid.IntRange(0, 3).Draw(t, "shift"))
		var got byteSize
		if err := got.Set(want.String()); err != nil || got != want {
			t.Fatalf("%d prints as %s, which reads as %d, %v", int64(want), want.String(), got, err)
		}
	})
}
