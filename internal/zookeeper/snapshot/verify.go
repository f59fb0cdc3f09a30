package snapshot

import (
	"io"

	"github.com/zkark/zkark/internal/zookeeper"
)

// Summary is what one pass over a sealed snapshot tells.
type Summary struct {
	Nodes    int64 // the root counts
	Sessions int
	ACLs     int // entries of the ACL table
	Trailer  Trailer
	MaxZxid  zookeeper.Zxid // the highest in any node's Stat: the snapshot may hold effects of later transactions that left no zxid
	Size     int64          // uncompressed, in bytes
}

// Verify reads the whole of a snapshot and returns nil only if it is sealed. Otherwise its errors are those of
// Reader.Next, and the summary is empty. With CopyTo it copies in the same pass.
func Verify(r io.Reader, name string, c zookeeper.Compression, opts ...Option) (Summary, error) {
	rd, err := NewReader(r, name, c, opts...)
	if err != nil {
		return Summary{}, err
	}
	var last zookeeper.Zxid
	for {
		n, err := rd.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return Summary{}, err
		}
		last = max(last, n.Stat.Czxid, n.Stat.Mzxid, n.Stat.Pzxid)
	}
	return Summary{
		Nodes:    rd.nodes,
		Sessions: len(rd.sessions),
		ACLs:     len(rd.acls),
		Trailer:  rd.trailer,
		MaxZxid:  last,
		Size:     rd.Offset(),
	}, nil
}
