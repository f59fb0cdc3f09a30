package txnlog

import "strconv"

// Type is the operation of a transaction (ZooKeeper ZooDefs.OpCode).
type Type int32

// The types that a log can hold.
const (
	TypeCloseSession    Type = -11
	TypeCreateSession   Type = -10
	TypeError           Type = -1
	TypeCreate          Type = 1
	TypeDelete          Type = 2
	TypeSetData         Type = 5
	TypeSetACL          Type = 7
	TypeCheck           Type = 13 // only inside a multi
	TypeMulti           Type = 14
	TypeCreate2         Type = 15 // since 3.5
	TypeReconfig        Type = 16 // since 3.5
	TypeCreateContainer Type = 19 // since 3.5
	TypeDeleteContainer Type = 20 // since 3.5; also removes expired TTL nodes
	TypeCreateTTL       Type = 21 // since 3.5.3
)

// String is the operation the way ZooKeeper's own tools name it (ZooKeeper Request.op2String).
func (t Type) String() string {
	switch t {
	case TypeCloseSession:
		return "closeSession"
	case TypeCreateSession:
		return "createSession"
	case TypeError:
		return "error"
	case TypeCreate:
		return "create"
	case TypeDelete:
		return "delete"
	case TypeSetData:
		return "setData"
	case TypeSetACL:
		return "setACL"
	case TypeCheck:
		return "check"
	case TypeMulti:
		return "multi"
	case TypeCreate2:
		return "create2"
	case TypeReconfig:
		return "reconfig"
	case TypeCreateContainer:
		return "createContainer"
	case TypeDeleteContainer:
		return "deleteContainer"
	case TypeCreateTTL:
		return "createTTL"
	}
	return "unknown:" + strconv.Itoa(int(t))
}
