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
	opMulti           = 14
	opCreate2         = 15
	opCreateContainer = 19
	opCreateTTL       = 21
	opCloseSession    = -11
)

// Create2 creates a persistent znode with the request that also asks for its Stat, which ZooKeeper's own client sends and the
// library of these tests cannot: a server logs it as a type of its own. The session lasts as long as the request.
func Create2(ctx context.Context, addr, path string, data []byte) error {
	if err := request(ctx, addr, opCreate2, appendCreate(nil, path, data, 0)); err != nil {
		return fmt.Errorf("create2 %s: %w", path, err)
	}
	return nil
}

// MultiOfKinds creates a container, path-container, and a znode that lives for an hour, path-ttl, in one transaction, which the
// library of these tests cannot either. The server has to know the extended types. The session lasts as long as the request.
func MultiOfKinds(ctx context.Context, addr, path string) error {
	multi := appendCreate(appendOp(nil, opCreateContainer), path+"-container", nil, 4)    // CreateMode.CONTAINER
	multi = appendCreate(appendOp(multi, opCreateTTL), path+"-ttl", []byte("an hour"), 5) // CreateMode.PERSISTENT_WITH_TTL
	multi = jute.AppendInt64(multi, time.Hour.Milliseconds())
	multi = jute.AppendInt32(append(jute.AppendInt32(multi, -1), 1), -1) // no more operations
	if err := request(ctx, addr, opMulti, multi); err != nil {
		return fmt.Errorf("a multi-transaction that creates %s-container and %s-ttl: %w", path, path, err)
	}
	return nil
}

func appendCreate(b []byte, path string, data []byte, flags int32) []byte {
	b = jute.AppendBuffer(jute.AppendString(b, path), data)
	return jute.AppendInt32(jute.AppendACLs(b, everybody()), flags)
}

// appendOp begins an operation of a multi: its type, not the end, no error.
func appendOp(b []byte, op int32) []byte {
	return jute.AppendInt32(append(jute.AppendInt32(b, op), 0), -1)
}

// request sends one in a session of its own.
func request(ctx context.Context, addr string, op int32, body []byte) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return err
	}
	connect := jute.AppendInt64(jute.AppendInt32(nil, 0), 0)         // protocol, and no zxid seen
	connect = jute.AppendInt64(jute.AppendInt32(connect, 30_000), 0) // milliseconds, and no session yet
	connect = jute.AppendBuffer(connect, make([]byte, 16))           // no password
	if _, err := ask(conn, connect); err != nil {
		return err
	}
	asked := append(jute.AppendInt32(jute.AppendInt32(nil, 1), op), body...) // the number of the request first
	bye := jute.AppendInt32(jute.AppendInt32(nil, 2), opCloseSession)
	for _, message := range [][]byte{asked, bye} {
		answer, err := ask(conn, message)
		if err != nil {
			return err
		}
		if code := int32(binary.BigEndian.Uint32(answer[12:])); code != 0 {
			return fmt.Errorf("the server answers %d", code)
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
