package txnlog

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/adler32"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestCheckEndFindsARecordBehindZeros(t *testing.T) {
	for _, gap := range []int{1, 12, 13, 4096, searchChunk - 5, 3*searchChunk + 1, 2 << 20} {
		data, offsets := file(t, sets(3)...)
		broken := append(bytes.Clone(data[:offsets[2]]), make([]byte, gap)...)
		hidden := int64(len(broken))
		broken = append(broken, data[offsets[2]:]...)
		r := NewReader(&growing{data: broken, size: len(broken), padding: 1000}, testName)
		if err := wantRecords(t, r, 2); err == nil {
			t.Fatal("no end at the zeros")
		}
		wantCorrupt(t, r.CheckEnd(), offsets[2], hidden)
	}
}

func TestCheckEndFindsALargeRecordBehindATornOne(t *testing.T) {
	large := append(sets(1)[0], bytes.Repeat([]byte{0, 0, 0, 0, 0, 0, 0, 40}, 60000)...)
	data, offsets := file(t, sets(1)[0], large, large)
	clear(data[offsets[1]+100 : offsets[2]])
	binary.BigEndian.PutUint32(data[offsets[1]+8:], math.MaxInt32)
	r := NewReader(bytes.NewReader(data), testName)
	wantCorrupt(t, wantRecords(t, r, 1), offsets[1], offsets[2])
	wantCorrupt(t, r.CheckEnd(), offsets[1], offsets[2])
}

// Next looks only so far behind a bad record; CheckEnd looks all the way.
func TestCheckEndLooksFurtherThanNext(t *testing.T) {
	data, offsets := file(t, sets(2)...)
	broken := append(bytes.Clone(data[:offsets[1]]), bytes.Repeat([]byte{0xff}, nextWindow+1)...)
	hidden := int64(len(broken))
	broken = append(broken, data[offsets[1]:]...)
	r := NewReader(bytes.NewReader(broken), testName)
	wantTorn(t, wantRecords(t, r, 1), offsets[1])
	wantCorrupt(t, r.CheckEnd(), offsets[1], hidden)
}

func TestCheckEndInFrontOfARecordSaysSo(t *testing.T) {
	data, _ := file(t, sets(2)...)
	err := NewReader(bytes.NewReader(data), testName).CheckEnd()
	var corrupt *CorruptError
	if err == nil || errors.As(err, &corrupt) {
		t.Errorf("got %v; want an error that this is not the end", err)
	}
}

// The running checksum must agree with hashing every candidate by itself.
func TestSearchFindsWhatHashingEveryOffsetFinds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		piece := rapid.OneOf(
			rapid.SliceOfN(rapid.SampledFrom([]byte{0, 0, 0, 1, 40, endOfRecord}), 0, 200),
			rapid.Custom(func(t *rapid.T) []byte {
				return appendRecord(nil, rapid.SliceOfN(rapid.Byte(), minPayload, 100).Draw(t, "payload"))
			}),
			rapid.Custom(func(t *rapid.T) []byte {
				b := appendRecord(nil, rapid.SliceOfN(rapid.Byte(), minPayload, 100).Draw(t, "payload"))
				b[rapid.IntRange(0, len(b)-1).Draw(t, "at")] ^= 1
				return b
			}),
		)
		data := bytes.Join(rapid.SliceOfN(piece, 0, 6).Draw(t, "pieces"), nil)
		r := NewReader(bytes.NewReader(data), testName)
		at, found, err := r.search(0, math.MaxInt64)
		if err != nil {
			t.Fatal(err)
		}
		any := false
		for i := range data {
			any = any || goodPayload(data[i:]) != nil
		}
		if found != any || found && goodPayload(data[at:]) == nil {
			t.Fatalf("search says %v at %d, hashing every offset says %v", found, at, any)
		}
	})
}

// Every 5 bytes start a candidate of 8 MiB whose end byte is there: more than fit into one pass, and hashing each
// payload would take hours.
func TestCheckEndIsQuickOnBytesMadeToBeSlow(t *testing.T) {
	if testing.Short() {
		t.Skip("goes over 16 MiB a few times")
	}
	data, _ := file(t)
	data = append(data, bytes.Repeat([]byte{0, 0, 0, 0, 0x7f}, 0x7f0000/5)...)
	data = append(data, bytes.Repeat([]byte{0, 0, 0, 0, endOfRecord}, 0x7f0000/5+10)...)
	r := NewReader(bytes.NewReader(data), testName)
	s := search{r: r, sum: adler32.New()}
	if _, _, err := s.pass(headerSize, math.MaxInt64); err != nil || s.resume == 0 {
		t.Fatalf("the bytes fit into one pass: %v", err)
	}
	start := time.Now()
	if err := r.CheckEnd(); err != nil {
		t.Error(err)
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("took %s", took)
	}
}
