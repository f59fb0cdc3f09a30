package zookeeper

import (
	"fmt"
	"strconv"
	"strings"
)

// Zxid is a ZooKeeper transaction id: the leader's epoch in the high 32 bits, a counter in the low 32.
//
// It is unsigned so that ids of epochs from 2^31 up still sort after smaller ones. It prints as 0x… and is
// a string in JSON, because a JSON number would be narrowed to a float64 by most readers.
type Zxid uint64

// MakeZxid puts an epoch and a counter together.
func MakeZxid(epoch, counter uint32) Zxid { return Zxid(epoch)<<32 | Zxid(counter) }

// Epoch is the number of the leader's reign in which the transaction was proposed.
func (z Zxid) Epoch() uint32 { return uint32(z >> 32) }

// Counter numbers the transactions inside one epoch, from 1. Counter 0 is a new leader's artificial zxid:
// no record carries it.
func (z Zxid) Counter() uint32 { return uint32(z) }

// String prints the id the way ZooKeeper's own tools do, as 0x and lower-case hex digits without leading zeros.
func (z Zxid) String() string { return "0x" + strconv.FormatUint(uint64(z), 16) }

// MarshalText makes a Zxid a string in JSON.
func (z Zxid) MarshalText() ([]byte, error) { return []byte(z.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (z *Zxid) UnmarshalText(text []byte) error {
	v, err := ParseZxid(string(text))
	if err != nil {
		return err
	}
	*z = v
	return nil
}

// ParseZxid reads a zxid written as 0x and hex digits. The prefix is required: "100000001" alone could be
// meant as decimal, and guessing wrong restores the wrong state.
func ParseZxid(s string) (Zxid, error) {
	digits, ok := strings.CutPrefix(s, "0x")
	if !ok {
		return 0, fmt.Errorf("zxid %q: want 0x and hex digits, like 0x100000001", s)
	}
	v, err := strconv.ParseUint(digits, 16, 64)
	if err != nil {
		return 0, fmt.Errorf("zxid %q: want 0x and up to 16 hex digits, like 0x100000001", s)
	}
	return Zxid(v), nil
}
