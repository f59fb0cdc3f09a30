package archive

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/zkark/zkark/internal/zookeeper"
)

// Format is the version of the archive's layout that this package writes. It reads every version up to it.
const Format = 1

// ErrNotArchive is wrapped when there is a zkark.json that zkark did not write.
var ErrNotArchive = errors.New("not a zkark archive")

// Identity is the content of zkark.json: it tells an archive from a stray directory, and one cluster's from another's.
type Identity struct {
	Format  int       `json:"format"`
	Cluster string    `json:"cluster"` // random, chosen when the archive was created
	Created time.Time `json:"created"`
}

// Timeline is the content of timeline.json.
type Timeline struct {
	Parent  int            `json:"parent"` // number of the timeline it forked from, 0 for the first
	Fork    zookeeper.Zxid `json:"fork"`   // last zxid shared with the parent
	Reason  string         `json:"reason"`
	Created time.Time      `json:"created"`
}

// ParseIdentity reads zkark.json and refuses a format that this zkark does not know. The error wraps ErrNotArchive when it is of something else.
func ParseIdentity(data []byte) (Identity, error) {
	var id Identity
	if err := json.Unmarshal(data, &id); err != nil {
		return Identity{}, fmt.Errorf("read %s: %w: %w", IdentityKey, ErrNotArchive, err)
	}
	if id.Format < 1 || id.Cluster == "" {
		return Identity{}, fmt.Errorf("read %s: no format or no cluster in it: %w", IdentityKey, ErrNotArchive)
	}
	if id.Format > Format {
		return Identity{}, fmt.Errorf("read %s: archive format %d is newer than the %d that this zkark knows: use a newer zkark",
			IdentityKey, id.Format, Format)
	}
	return id, nil
}
