package snapshot

import (
	"encoding/binary"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/jute"
)

// statSize is the length of a StatPersisted.
const statSize = 60

// decodeStat reads a StatPersisted.
func decodeStat(s *zookeeper.Stat, b []byte) {
	_ = b[statSize-1]
	be := binary.BigEndian
	s.Czxid = zookeeper.Zxid(be.Uint64(b))
	s.Mzxid = zookeeper.Zxid(be.Uint64(b[8:]))
	s.Ctime = int64(be.Uint64(b[16:]))
	s.Mtime = int64(be.Uint64(b[24:]))
	s.Version = int32(be.Uint32(b[32:]))
	s.Cversion = int32(be.Uint32(b[36:]))
	s.Aversion = int32(be.Uint32(b[40:]))
	s.EphemeralOwner = int64(be.Uint64(b[44:]))
	s.Pzxid = zookeeper.Zxid(be.Uint64(b[52:]))
}

// appendStat writes a StatPersisted.
func appendStat(b []byte, s zookeeper.Stat) []byte {
	b = jute.AppendInt64(b, int64(s.Czxid))
	b = jute.AppendInt64(b, int64(s.Mzxid))
	b = jute.AppendInt64(b, s.Ctime)
	b = jute.AppendInt64(b, s.Mtime)
	b = jute.AppendInt32(b, s.Version)
	b = jute.AppendInt32(b, s.Cversion)
	b = jute.AppendInt32(b, s.Aversion)
	b = jute.AppendInt64(b, s.EphemeralOwner)
	return jute.AppendInt64(b, int64(s.Pzxid))
}
