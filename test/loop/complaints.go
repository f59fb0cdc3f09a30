package loop

import (
	"slices"
	"strings"

	"github.com/zkark/zkark/test/zkserver"
)

// Complaints are those of a server that was restored, but for one remark that is expected: zkark writes snapshots without the
// optional digest, because only those can be read by every release under every setting, and a server that looks for one (3.6 and
// later) takes the snapshot for an older release's.
func Complaints(s *zkserver.Server) ([]string, error) {
	found, err := s.Complaints()
	return slices.DeleteFunc(found, func(line string) bool {
		return strings.Contains(line, "Got EOF exception while reading the digest, likely due to the reading an older snapshot")
	}), err
}
