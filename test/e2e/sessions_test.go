package e2e

import (
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zkark/zkark/test/loop"
	"github.com/zkark/zkark/test/zkserver"
)

// What clients had is as after a restart of the server: who comes back goes on with its session and its ephemeral znodes, and those of a
// client that does not are gone once its session has expired.
func TestAfterARestoreTheSessionOfADeadClientExpiresAndThatOfALiveOneGoesOn(t *testing.T) {
	r := newRig(t, zkserver.Require(t), zkserver.Options{})
	sidecar := r.startSidecar()
	dead, _, err := zk.Connect([]string{r.server.Addr()}, 12*time.Second, zk.WithLogInfo(false))
	r.must(err)
	r.must(loop.WaitSession(r.ctx, dead))
	_, err = dead.Create("/dead", nil, zk.FlagEphemeral, zk.WorldACL(zk.PermAll))
	r.must(err)
	_, err = r.client.Create("/live", nil, zk.FlagEphemeral, zk.WorldACL(zk.PermAll))
	r.must(err)
	session := r.client.SessionID()
	r.waitArchived()
	r.lose()
	dead.Close() // and the server does not hear of it
	r.must(sidecar.Stop())
	r.restore()
	r.boot()
	if all := r.znodes(); all["/dead"].Stat.EphemeralOwner == 0 {
		t.Error("/dead is gone before its session can have expired")
	}
	for there := true; there; {
		there, _, err = r.client.Exists("/dead")
		r.must(err)
		r.must(r.ctx.Err())
	}
	if all := r.znodes(); all["/live"].Stat.EphemeralOwner != session || r.client.SessionID() != session {
		t.Errorf("/live is of session %#x, and the client's was %#x and is %#x", all["/live"].Stat.EphemeralOwner, session, r.client.SessionID())
	}
}
