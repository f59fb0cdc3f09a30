package txnlog

import (
	"errors"
	"io"
	"strings"
)

// OnlyBegun tells whether a log ends inside its header, as a server leaves one that it dies over between creating the file and writing
// to it. Such a log holds nothing, and a server does not start beside it (ZOOKEEPER-2332: an EOFException where the log is loaded; since
// 3.9.3 it removes the last log if it is empty). The error is one of reading.
func OnlyBegun(f io.ReaderAt) (bool, error) {
	var head [headerSize]byte
	n, err := f.ReadAt(head[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	return n < headerSize && strings.HasPrefix(header, string(head[:n])), nil
}
