package loop

import (
	"slices"
	"strings"

	"github.com/zkark/zkark/test/zkserver"
)

// Complaints are those of a server that was restored, but for two remarks that are expected: zkark writes snapshots without
// the optional trailers, because only those can be read by every release under every setting, and a server that looks for a digest
// (3.6 and later) or a last processed zxid (3.9) takes the snapshot for an older release's.
func Complaints(s *zkserver.Server) ([]string, error) {
	found, err := s.Complaints()
	return slices.DeleteFunc(found, func(line string) bool {
		return strings.Contains(line, "Got EOF exception while reading the digest, likely due to the reading an older snapshot") ||
			strings.Contains(line, "Got EOFException while reading the last processed zxid, likely due to reading an older snapshot")
	}), err
}
