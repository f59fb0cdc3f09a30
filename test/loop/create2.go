package loop

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/jute"
)

// What a client says of its requests (ZooKeeper 3.8 ZooDefs.OpCode).
const (
	opCreate2      = 15
	opCloseSession = -11
)

// Create2 creates a persistent znode with the request that also asks for its Stat, which ZooKeeper's own client sends and the
// library of these tests cannot: a server logs it as a type of its own. The session lasts as long as the request.
func Create2(ctx context.Context, addr, path string, data []byte) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("create2 %s: %w", path, err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return err
	}
	connect := jute.AppendInt64(jute.AppendInt32(nil, 0), 0)         // protocol, and no zxid seen
	connect = jute.AppendInt64(jute.AppendInt32(connect, 30_000), 0) // milliseconds, and no session yet
	connect = jute.AppendBuffer(connect, make([]byte, 16))           // no password
	create := jute.AppendInt32(jute.AppendInt32(nil, 1), opCreate2)  // number of the request
	create = jute.AppendBuffer(jute.AppendString(create, path), data)
	create = jute.AppendInt32(jute.AppendACLs(create, everybody()), 0) // no flags
	bye := jute.AppendInt32(jute.AppendInt32(nil, 2), opCloseSession)
	for _, request := range [][]byte{connect, create, bye} {
		answer, err := ask(conn, request)
		if err != nil {
			return fmt.Errorf("create2 %s: %w", path, err)
		}
		if code := int32(binary.BigEndian.Uint32(answer[12:])); len(request) != len(connect) && code != 0 {
			return fmt.Errorf("create2 %s: the server answers %d", path, code)
		}
	}
	return nil
}

func everybody() []zookeeper.ACL { return []zookeeper.ACL{{Perms: 31, Scheme: "world", ID: "anyone"}} }

// ask sends a request and reads the answer: xid, zxid, error, and what was asked for.
func ask(conn net.Conn, request []byte) ([]byte, error) {
	if _, err := conn.Write(jute.AppendBuffer(nil, request)); err != nil {
		return nil, err
	}
	var size [4]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		return nil, err
	}
	answer := make([]byte, max(16, binary.BigEndian.Uint32(size[:])))
	_, err := io.ReadFull(conn, answer[:binary.BigEndian.Uint32(size[:])])
	return answer, err
}
