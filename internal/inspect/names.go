package inspect

// errorName is the name of an error code (ZooKeeper KeeperException.Code), or "" for one without.
func errorName(code int32) string {
	switch code {
	case 0:
		return "Ok"
	case -1:
		return "SystemError"
	case -2:
		return "RuntimeInconsistency"
	case -3:
		return "DataInconsistency"
	case -5:
		return "MarshallingError"
	case -6:
		return "Unimplemented"
	case -8:
		return "BadArguments"
	case -13:
		return "NewConfigNoQuorum"
	case -14:
		return "ReconfigInProgress"
	case -101:
		return "NoNode"
	case -102:
		return "NoAuth"
	case -103:
		return "BadVersion"
	case -108:
		return "NoChildrenForEphemerals"
	case -110:
		return "NodeExists"
	case -111:
		return "NotEmpty"
	case -112:
		return "SessionExpired"
	case -114:
		return "InvalidACL"
	case -115:
		return "AuthFailed"
	case -118:
		return "SessionMoved"
	case -123:
		return "ReconfigDisabled"
	case -125:
		return "QuotaExceeded"
	}
	return ""
}
