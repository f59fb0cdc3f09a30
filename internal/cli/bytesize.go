package cli

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// byteSize is a flag for a number of bytes, 0 or more: 512, 512k, 10MiB, 1.5GB. KiB, MiB, GiB and TiB, and K, M, G and T alone, are powers
// of 1024; kB, MB, GB and TB are powers of 1000. Case does not matter.
type byteSize int64

// String prints the largest unit that divides the number.
func (b *byteSize) String() string {
	n, unit := int64(*b), 0
	for n != 0 && n%1024 == 0 && unit < len(unitLetters) {
		n, unit = n/1024, unit+1
	}
	if unit == 0 {
		return strconv.FormatInt(n, 10)
	}
	return strconv.FormatInt(n, 10) + unitLetters[unit-1:unit] + "iB"
}

func (b *byteSize) Type() string { return "SIZE" }

const unitLetters = "KMGT"

func (b *byteSize) Set(s string) error {
	digits := strings.TrimRight(s, "kKmMgGtTiIbB ")
	unit, ok := unitOf(strings.TrimSpace(s[len(digits):]))
	n, err := strconv.ParseFloat(digits, 64)
	if err != nil || !ok || strings.Trim(digits, "0123456789.") != "" {
		return errors.New("want a number of bytes, as 512k, 10MiB or 1.5GB")
	}
	if n *= unit; n >= math.MaxInt64 {
		return errors.New("that is more than can be counted")
	}
	*b = byteSize(n)
	return nil
}

func unitOf(s string) (bytes float64, ok bool) {
	s = strings.ToUpper(s)
	if s == "" || s == "B" {
		return 1, true
	}
	power := strings.Index(unitLetters, s[:1]) + 1
	switch s[1:] {
	case "", "IB":
		return math.Pow(1024, float64(power)), power > 0
	case "B":
		return math.Pow(1000, float64(power)), power > 0
	}
	return 0, false
}
