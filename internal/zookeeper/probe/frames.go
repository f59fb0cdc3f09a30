package probe

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
)

// The client library trusts the server: a length allocates as much, and an answer that is too short, or a session without a
// timeout, makes it panic. frames stands between the two and lets only whole answers of a size through that a session which
// does nothing but sync can get.
type frames struct {
	net.Conn
	ready   []byte // checked, and not yet read
	entered bool   // the answer to the request for a session has been seen
}

const (
	maxFrame   = 64 << 10 // bytes
	headBytes  = 16       // of every answer: xid int, zxid long, error int (ZooKeeper ReplyHeader)
	leastFrame = 28       // bytes that the library decodes of the largest fixed part: a notification
	enterBytes = 36       // of the first answer: version int, timeout int, session long, password of 16 bytes (ZooKeeper ConnectResponse)
)

// Read is for one goroutine at a time, as the library's is.
func (f *frames) Read(p []byte) (int, error) {
	if len(f.ready) == 0 {
		if err := f.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, f.ready)
	f.ready = f.ready[n:]
	return n, nil
}

func (f *frames) next() error {
	var length [4]byte
	if _, err := io.ReadFull(f.Conn, length[:]); err != nil {
		return err
	}
	n := binary.BigEndian.Uint32(length[:])
	if n < headBytes || n > maxFrame {
		return fmt.Errorf("the server answers with %d bytes, which is not ZooKeeper's answer", n)
	}
	// An answer without a body is right for most requests. With zeros behind it the library finds an empty one for all.
	body := make([]byte, max(n, leastFrame))
	if _, err := io.ReadFull(f.Conn, body[:n]); err != nil {
		return err
	}
	if !f.entered {
		if err := checkSession(body[:n]); err != nil {
			return err
		}
		f.entered = true
	}
	f.ready = append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)
	return nil
}

// checkSession wants a session with a timeout, or none: session 0 says that it has expired.
func checkSession(answer []byte) error {
	if len(answer) < enterBytes {
		return errors.New("the server answers the request for a session too shortly")
	}
	timeout, session := int32(binary.BigEndian.Uint32(answer[4:])), binary.BigEndian.Uint64(answer[8:])
	if session != 0 && timeout <= 0 {
		return fmt.Errorf("the server offers a session with a timeout of %d ms", timeout)
	}
	return nil
}
