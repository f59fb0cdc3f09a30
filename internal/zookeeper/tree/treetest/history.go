package treetest

import (
	"maps"
	"slices"
	"strings"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

// Error codes that a leader logs (ZooKeeper KeeperException.Code).
const (
	codeFailed       = -101 // no such node, and for the model any other refusal
	codeInconsistent = -2   // an operation after the failed one
)

// Step lets one request arrive: it logs one transaction and applies it.
func (s *Server) Step() {
	s.now.Zxid++
	s.now.Time += int64(s.choose(3))
	s.now.Session, s.now.Type = s.pickSession(), 0
	op, ok := s.request()
	s.now.Type = op.Type
	txn := txnlog.Txn{Header: s.now, Body: op.Body}
	if ok {
		txn.Digest = &txnlog.Digest{Version: 2, Tree: s.Digest()}
	}
	s.Log = append(s.Log, txn)
}

// request makes and applies one request; not ok is one that failed on its own, and is logged without a digest.
func (s *Server) request() (op txnlog.Op, ok bool) {
	switch s.choose(16) {
	case 0, 1:
		return s.openSession(), true
	case 2:
		return s.closeSession(), true
	case 3, 4, 5:
		return s.group(), true
	case 6:
		return s.orError(s.setACL())
	case 7:
		config := s.nodes["/zookeeper/config"]
		return txnlog.Op{Type: txnlog.TypeReconfig, Body: s.set("/zookeeper/config", config, -1)}, true
	}
	return s.orError(s.simple())
}

func (s *Server) orError(op txnlog.Op, ok bool) (txnlog.Op, bool) {
	if ok {
		return op, true
	}
	return txnlog.Op{Type: txnlog.TypeError, Body: txnlog.Error{Code: codeFailed}}, false
}

// group is a multi. When one of its operations fails, the state goes back.
func (s *Server) group() txnlog.Op {
	s.now.Type = txnlog.TypeMulti
	before := maps.Clone(s.nodes)
	var ops []txnlog.Op
	failed := false
	for range 1 + s.choose(5) {
		if failed {
			ops = append(ops, txnlog.Op{Type: txnlog.TypeError, Body: txnlog.Error{Code: codeInconsistent}})
			continue
		}
		op, ok := s.orError(s.simple())
		ops = append(ops, op)
		failed = !ok
	}
	if failed {
		s.nodes = before
	}
	return txnlog.Op{Type: txnlog.TypeMulti, Body: txnlog.Multi{Ops: ops}}
}

// simple is an operation that can also be part of a multi.
func (s *Server) simple() (txnlog.Op, bool) {
	path := s.pickPath()
	n, exists := s.nodes[path]
	switch s.choose(10) {
	case 0, 1:
		return s.delete(path, n, exists)
	case 2, 3:
		if !exists {
			return txnlog.Op{}, false
		}
		return txnlog.Op{Type: txnlog.TypeSetData, Body: s.set(path, n, n.stat.Version+1)}, true
	case 4:
		ok := exists && path != "" && s.now.Type == txnlog.TypeMulti
		return txnlog.Op{Type: txnlog.TypeCheck, Body: txnlog.Check{Path: path, Version: n.stat.Version}}, ok
	}
	return s.create(path, exists)
}

func (s *Server) create(path string, exists bool) (txnlog.Op, bool) {
	if path == "" {
		return txnlog.Op{}, false
	}
	above := path[:strings.LastIndexByte(path, '/')]
	parent, ok := s.nodes[above]
	if _, session := s.sessions[parent.stat.EphemeralOwner]; exists || !ok || session {
		return txnlog.Op{}, false
	}
	typ, owner, ttl := s.pickKind()
	data, acl := s.pickData(), s.pickACL()
	parent.stat.Cversion++
	parent.stat.Pzxid = s.now.Zxid
	s.nodes[above] = parent
	s.intern(acl)
	s.nodes[path] = znode{data: data, acl: acl, stat: zookeeper.Stat{
		Czxid: s.now.Zxid, Mzxid: s.now.Zxid, Pzxid: s.now.Zxid, Ctime: s.now.Time, Mtime: s.now.Time, EphemeralOwner: owner,
	}}
	return txnlog.Op{Type: typ, Body: txnlog.Create{
		Path: path, Data: data, ACL: acl, TTL: ttl, ParentCversion: parent.stat.Cversion,
		Ephemeral: owner != 0 && owner == s.now.Session,
	}}, true
}

func (s *Server) pickKind() (typ txnlog.Type, owner, ttl int64) {
	switch s.choose(8) {
	case 0:
		return txnlog.TypeCreateContainer, -1 << 63, 0
	case 1:
		ttl = int64(1 + s.choose(1000))
		return txnlog.TypeCreateTTL, -1<<56 | ttl, ttl
	case 2, 3:
		return txnlog.TypeCreate2, s.now.Session * int64(s.choose(2)), 0
	case 4, 5:
		return txnlog.TypeCreate, s.now.Session, 0
	}
	return txnlog.TypeCreate, 0, 0
}

func (s *Server) delete(path string, n znode, exists bool) (txnlog.Op, bool) {
	if !exists || path == "" || len(s.children(path)) > 0 {
		return txnlog.Op{}, false
	}
	s.drop(path)
	typ := txnlog.TypeDelete
	if n.stat.EphemeralOwner < 0 {
		typ = txnlog.TypeDeleteContainer
	}
	return txnlog.Op{Type: typ, Body: txnlog.Delete{Path: path}}, true
}

func (s *Server) drop(path string) {
	delete(s.nodes, path)
	above := path[:strings.LastIndexByte(path, '/')]
	parent := s.nodes[above]
	parent.stat.Pzxid = s.now.Zxid
	s.nodes[above] = parent
}

func (s *Server) set(path string, n znode, version int32) txnlog.SetData {
	n.data, n.stat.Version = s.pickData(), version
	n.stat.Mzxid, n.stat.Mtime = s.now.Zxid, s.now.Time
	s.nodes[path] = n
	if path == "" {
		path = "/"
	}
	return txnlog.SetData{Path: path, Data: n.data, Version: version}
}

func (s *Server) setACL() (txnlog.Op, bool) {
	path := s.pickPath()
	n, exists := s.nodes[path]
	if !exists {
		return txnlog.Op{}, false
	}
	n.acl = s.pickACL()
	n.stat.Aversion++
	s.intern(n.acl)
	s.nodes[path] = n
	if path == "" {
		path = "/"
	}
	return txnlog.Op{Type: txnlog.TypeSetACL, Body: txnlog.SetACL{Path: path, ACL: n.acl, Aversion: n.stat.Aversion}}, true
}

func (s *Server) openSession() txnlog.Op {
	s.born++
	s.now.Session = 1<<56 | s.born
	timeout := int32(4000 + s.choose(10))
	s.sessions[s.now.Session] = timeout
	return txnlog.Op{Type: txnlog.TypeCreateSession, Body: txnlog.CreateSession{Timeout: timeout}}
}

// closeSession also closes sessions that are not there: a server logs that too.
func (s *Server) closeSession() txnlog.Op {
	paths := []string{}
	for path, n := range s.nodes {
		if s.now.Session != 0 && n.stat.EphemeralOwner == s.now.Session {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	for _, path := range paths {
		s.drop(path)
	}
	delete(s.sessions, s.now.Session)
	return txnlog.Op{Type: txnlog.TypeCloseSession, Body: txnlog.CloseSession{Listed: true, Paths: paths}}
}

func (s *Server) pickSession() int64 {
	ids := slices.Sorted(maps.Keys(s.sessions))
	if len(ids) == 0 {
		return 0
	}
	return ids[s.choose(len(ids))]
}

// pickPath draws from few paths, so that requests meet.
func (s *Server) pickPath() string {
	path := ""
	if s.choose(12) == 0 {
		path = "/zookeeper/quota"
	}
	for range s.choose(4) {
		path += [...]string{"/a", "/b", "/a-", "/é漢"}[s.choose(4)]
	}
	return path
}

func (s *Server) pickData() []byte {
	n := s.choose(6)
	if n == 0 {
		return nil
	}
	data := make([]byte, n-1)
	for i := range data {
		data[i] = byte(s.choose(256))
	}
	return data
}

func (s *Server) pickACL() []zookeeper.ACL {
	if s.choose(2) == 0 {
		return openACL()
	}
	id := [...]string{"a", "b", "c", "d", "e", "f"}[s.choose(6)]
	return []zookeeper.ACL{{Perms: int32(1 + s.choose(3)), Scheme: "digest", ID: id}}
}
