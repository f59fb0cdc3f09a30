// Package treetest is a ZooKeeper server boiled down to a map, for tests: it makes random histories of every kind
// of transaction, as a leader would log them, and takes snapshots while they go on. It knows nothing of how
// package tree works, so that the two can be held against each other.
package treetest

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"maps"
	"slices"
	"strings"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/snapshot"
	"github.com/zkark/zkark/internal/zookeeper/tree"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

type znode struct {
	data []byte
	acl  []zookeeper.ACL
	stat zookeeper.Stat
}

// Server is the model. Log is everything it has logged.
type Server struct {
	Log []txnlog.Txn

	choose   func(n int) int // a number from 0 to n-1
	nodes    map[string]znode
	sessions map[int64]int32
	acls     []snapshot.ACLEntry
	now      txnlog.Header // of the transaction in the making
	born     int64         // sessions so far
}

// NewServer is a server with an empty data directory. Everything that happens on it is drawn from choose.
func NewServer(choose func(n int) int) *Server {
	s := &Server{choose: choose, nodes: map[string]znode{}, sessions: map[int64]int32{}}
	for _, path := range []string{"", "/zookeeper", "/zookeeper/quota"} {
		s.nodes[path] = znode{data: []byte{}, acl: openACL()}
	}
	config := znode{data: []byte{}, acl: []zookeeper.ACL{{Perms: 1, Scheme: "world", ID: "anyone"}}}
	config.stat.Aversion = -1
	s.nodes["/zookeeper/config"] = config
	s.now.Time = 1_700_000_000_000
	s.intern(config.acl)
	return s
}

// Zxid is the last transaction.
func (s *Server) Zxid() zookeeper.Zxid { return s.now.Zxid }

// Elect starts a new epoch, as after the loss of a leader.
func (s *Server) Elect() {
	s.now.Zxid = zookeeper.MakeZxid(s.now.Zxid.Epoch()+1+uint32(s.choose(2)), 0)
}

// Digest is the digest of the tree, summed from nothing.
func (s *Server) Digest() uint64 {
	var sum uint64
	for path, n := range s.nodes {
		if strings.HasPrefix(path, "/zookeeper/") {
			continue
		}
		b := append([]byte(path), n.data...)
		for _, v := range []int64{int64(n.stat.Czxid), int64(n.stat.Mzxid), int64(n.stat.Pzxid), n.stat.Ctime, n.stat.Mtime} {
			b = binary.BigEndian.AppendUint64(b, uint64(v))
		}
		for _, v := range []int32{n.stat.Version, n.stat.Cversion, n.stat.Aversion} {
			b = binary.BigEndian.AppendUint32(b, uint32(v))
		}
		b = binary.BigEndian.AppendUint64(b, uint64(n.stat.EphemeralOwner))
		sum += uint64(crc32.ChecksumIEEE(b))
	}
	return sum
}

// Dump is every node by path, as a tree.Tree shows them.
func (s *Server) Dump() map[string]tree.Node {
	dump := map[string]tree.Node{}
	for path, n := range s.nodes {
		shown := path
		if path == "" {
			shown = "/"
		}
		dump[shown] = tree.Node{Path: shown, Data: n.data, ACL: n.acl, Stat: n.stat, Children: len(s.children(path))}
	}
	return dump
}

// Sessions lists the open sessions by id.
func (s *Server) Sessions() []snapshot.Session {
	list := []snapshot.Session{}
	for _, id := range slices.Sorted(maps.Keys(s.sessions)) {
		list = append(list, snapshot.Session{ID: id, Timeout: s.sessions[id]})
	}
	return list
}

// Dump is every node of a tree by path.
func Dump(t *tree.Tree) (map[string]tree.Node, error) {
	dump := map[string]tree.Node{}
	err := t.Walk(func(n tree.Node) error {
		if _, twice := dump[n.Path]; twice {
			return fmt.Errorf("node %s was walked twice", n.Path)
		}
		dump[n.Path] = n
		return nil
	})
	return dump, err
}

func (s *Server) children(path string) []string {
	var list []string
	for p := range s.nodes {
		if p != "" && p[:strings.LastIndexByte(p, '/')] == path {
			list = append(list, p)
		}
	}
	slices.Sort(list)
	return list
}

func openACL() []zookeeper.ACL { return []zookeeper.ACL{{Perms: 31, Scheme: "world", ID: "anyone"}} }

// intern gives an ACL a new id at its first use, as the server's table does.
func (s *Server) intern(acl []zookeeper.ACL) int64 {
	if slices.Equal(acl, openACL()) {
		return snapshot.OpenACL
	}
	for _, e := range s.acls {
		if slices.Equal(e.ACL, acl) {
			return e.ID
		}
	}
	id := int64(len(s.acls) + 1)
	s.acls = append(s.acls, snapshot.ACLEntry{ID: id, ACL: acl})
	return id
}
