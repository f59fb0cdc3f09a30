package txnlog

import "fmt"

// TornError reports that the bytes of a record, or of the file header, are there but not all of them. The
// server may still be writing them, or it died while it did. It says nothing worse: call Next again when the
// file has changed, or CheckEnd when it never will.
type TornError struct {
	Name   string
	Offset int64 // where the record starts
	Reason string
}

// Error names the file, the offset and what is missing.
func (e *TornError) Error() string {
	return fmt.Sprintf("%s at offset %d: incomplete record: %s", e.Name, e.Offset, e.Reason)
}

// CorruptError reports a bad record that has a good one behind it. The server writes its log front to back, so
// the bad one will never become whole.
type CorruptError struct {
	Name   string
	Offset int64 // where the bad bytes start
	Next   int64 // where a good record starts behind them
	Reason string
}

// Error names the file and both offsets.
func (e *CorruptError) Error() string {
	return fmt.Sprintf("%s at offset %d: corrupt record: %s, but a good record follows at offset %d",
		e.Name, e.Offset, e.Reason, e.Next)
}

// FormatError reports bytes that are not what ZooKeeper writes: a file with another magic, or a record whose
// checksum is good but whose payload does not hold what its type says.
type FormatError struct {
	Name   string
	Offset int64
	Reason string
	Err    error // what the decoder said, nil where Reason says it all
}

// Error names the file, the offset and what is wrong there.
func (e *FormatError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s at offset %d: %s: %v", e.Name, e.Offset, e.Reason, e.Err)
	}
	return fmt.Sprintf("%s at offset %d: %s", e.Name, e.Offset, e.Reason)
}

// Unwrap returns the decoder's error.
func (e *FormatError) Unwrap() error { return e.Err }
