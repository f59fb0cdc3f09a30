package inspect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/snapshot"
)

// summary is a whole snapshot, as JSON shows it. All fields are always there, null where the file does not tell.
type summary struct {
	Kind          string          `json:"kind"` // "snapshot"
	File          string          `json:"file"`
	Zxid          *zookeeper.Zxid `json:"zxid"` // from the file's name: the last transaction it holds whole
	Nodes         int             `json:"nodes"`
	Ephemerals    int             `json:"ephemerals"`
	Sessions      int             `json:"sessions"`
	DataBytes     int64           `json:"dataBytes"`
	Digest        *string         `json:"digest"`
	DigestZxid    *zookeeper.Zxid `json:"digestZxid"`
	DigestVersion *int32          `json:"digestVersion"`
	LastZxid      *zookeeper.Zxid `json:"lastZxid"`
	Sealed        bool            `json:"sealed"`
}

// node is one node of a snapshot, as JSON shows it.
type node struct {
	Kind      string     `json:"kind"` // "node"
	File      string     `json:"file"`
	Type      string     `json:"type"` // persistent, ephemeral, container or ttl
	Path      string     `json:"path"`
	PathBytes []byte     `json:"pathBytes,omitempty"` // where path had to be escaped
	Data      []byte     `json:"data"`                // base64; null and empty are different
	ACL       []aclEntry `json:"acl"`                 // null when the snapshot lacks the list that the node names
	Stat      stat       `json:"stat"`
}

// stat is zookeeper.Stat for JSON.
type stat struct {
	Czxid          zookeeper.Zxid `json:"czxid"`
	Mzxid          zookeeper.Zxid `json:"mzxid"`
	Pzxid          zookeeper.Zxid `json:"pzxid"`
	Ctime          string         `json:"ctime"`
	Mtime          string         `json:"mtime"`
	Version        int32          `json:"version"`
	Cversion       int32          `json:"cversion"`
	Aversion       int32          `json:"aversion"`
	EphemeralOwner string         `json:"ephemeralOwner"`
}

// showSnapshot shows the nodes, if they are wanted, and then the summary, which is known only at the end.
func showSnapshot(ctx context.Context, p printer, in *input, o Options) error {
	r, err := snapshot.NewReader(in.File, in.path, in.compression)
	if err != nil {
		return err
	}
	s := summary{Kind: "snapshot", File: escaped(in.path), Sessions: len(r.Sessions())}
	if start, _, ok := zookeeper.ParseSnapshotName(in.name); ok {
		s.Zxid = &start
	}
	acls := aclTable(r.ACLs())
	for {
		n, err := r.Next()
		if err != nil {
			return s.end(p, r, err)
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("%s: %w", in.path, err)
		}
		s.add(n)
		if !o.Nodes {
			continue
		}
		if err := p.node(newNode(in.path, n, acls)); err != nil {
			return err
		}
	}
}

func (s *summary) add(n snapshot.Node) {
	s.Nodes++
	s.DataBytes += int64(len(n.Data))
	if nodeType(n.Stat.EphemeralOwner) == typeEphemeral {
		s.Ephemerals++
	}
}

// end shows the summary. A snapshot that is not whole has one too, of what was read.
func (s *summary) end(p printer, r *snapshot.Reader, err error) error {
	s.Sealed = err == io.EOF
	if s.Sealed {
		err = nil
		s.setTrailer(r.Trailer())
	}
	return errors.Join(err, p.snapshot(*s))
}

func (s *summary) setTrailer(t snapshot.Trailer) {
	s.LastZxid = t.LastZxid
	if d := t.Digest; d != nil {
		s.Digest, s.DigestZxid, s.DigestVersion = new(hex64(d.Tree)), &d.Zxid, &d.Version
	}
}

func (s *summary) digestText() string {
	if s.Digest == nil {
		return "-"
	}
	return fmt.Sprintf("%s at %s, version %d", *s.Digest, s.DigestZxid, *s.DigestVersion)
}

func orDash(z *zookeeper.Zxid) string {
	if z == nil {
		return "-"
	}
	return z.String()
}

func aclTable(entries []snapshot.ACLEntry) map[int64][]aclEntry {
	table := map[int64][]aclEntry{
		snapshot.OpenACL: {{Scheme: "world", ID: "anyone", Perms: "cdrwa"}},
	}
	for _, e := range entries {
		table[e.ID] = aclEntries(e.ACL)
	}
	return table
}

func newNode(file string, n snapshot.Node, acls map[int64][]aclEntry) node {
	shown := node{
		Kind: "node", File: escaped(file), Type: nodeType(n.Stat.EphemeralOwner), Path: escaped(n.Path), Data: n.Data, ACL: acls[n.ACL],
		Stat: stat{
			Czxid: n.Stat.Czxid, Mzxid: n.Stat.Mzxid, Pzxid: n.Stat.Pzxid,
			Ctime: stamp(n.Stat.Ctime), Mtime: stamp(n.Stat.Mtime),
			Version: n.Stat.Version, Cversion: n.Stat.Cversion, Aversion: n.Stat.Aversion,
			EphemeralOwner: hex64(uint64(n.Stat.EphemeralOwner)),
		},
	}
	if n.Path == "" {
		shown.Path = "/"
	}
	if !utf8.ValidString(n.Path) {
		shown.PathBytes = []byte(n.Path)
	}
	return shown
}

func (n node) dataSize() string {
	if n.Data == nil {
		return "-"
	}
	return strconv.Itoa(len(n.Data))
}

func (n node) aclText() string {
	if n.ACL == nil {
		return "missing"
	}
	return aclWords(n.ACL)
}

const typeEphemeral = "ephemeral"

// nodeType reads the mark in a node's owner (ZooKeeper 3.5 EphemeralType). The mark of TTL nodes counts only on servers with
// zookeeper.extendedTypesEnabled; elsewhere it is a session's id, but no server draws such a one.
func nodeType(owner int64) string {
	const ttlMark, ttlMask = 0xFF0000, 40
	switch {
	case owner == 0:
		return "persistent"
	case owner == zookeeper.ContainerOwner:
		return "container"
	case uint64(owner)>>ttlMask == ttlMark:
		return "ttl"
	}
	return typeEphemeral
}
