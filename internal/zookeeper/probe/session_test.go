package probe

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"
)

// peer is the server's end of a client's connection.
type peer struct{ net.Conn }

func (p peer) receive() ([]byte, error) {
	var length [4]byte
	if _, err := io.ReadFull(p, length[:]); err != nil {
		return nil, err
	}
	body := make([]byte, binary.BigEndian.Uint32(length[:]))
	_, err := io.ReadFull(p, body)
	return body, err
}

func (p peer) send(body []byte) {
	_, _ = p.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)) // the client may be gone
}

// enter answers the request for a session.
func enter(session uint64, timeout int32) []byte {
	b := binary.BigEndian.AppendUint32(make([]byte, 4), uint32(timeout))
	b = binary.BigEndian.AppendUint64(b, session)
	return append(binary.BigEndian.AppendUint32(b, 16), make([]byte, 17)...)
}

// reply answers a request without an error.
func reply(request []byte, body ...byte) []byte {
	return append(append(request[:4:4], make([]byte, 12)...), body...)
}

// serving speaks ZooKeeper's protocol: it gives a session, and then answers every request.
func serving(t *testing.T, answer func(p peer, request []byte)) (address string) {
	return listen(t, func(conn net.Conn) {
		p := peer{conn}
		if _, err := p.receive(); err != nil {
			return
		}
		p.send(enter(7, 10_000))
		for {
			request, err := p.receive()
			if err != nil {
				return
			}
			answer(p, request)
		}
	})
}

func open(t *testing.T, address string) *Session {
	t.Helper()
	s, err := Open(address, SessionOptions{Auth: "ark:noah"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// synced asks until the server is reached.
func synced(t *testing.T, s *Session) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		err := s.Sync(ctx)
		if err == nil {
			return
		}
		if ctx.Err() != nil {
			t.Fatal(err)
		}
	}
}

func TestAnAnswerWithoutABodyIsNoPanic(t *testing.T) {
	s := open(t, serving(t, func(p peer, request []byte) { p.send(reply(request)) }))
	synced(t, s)
}

func TestABrokenConnectionIsMadeAgain(t *testing.T) {
	var broken atomic.Bool
	s := open(t, serving(t, func(p peer, request []byte) {
		if broken.CompareAndSwap(false, true) {
			p.Close()
			return
		}
		p.send(reply(request, 0, 0, 0, 1, '/'))
	}))
	if err := s.Sync(t.Context()); err == nil {
		t.Error("a sync whose connection broke went well")
	}
	synced(t, s)
}

func TestASyncIsOverWhenItsContextIsAndTheNextWaitsForItsEnd(t *testing.T) {
	asked, release := make(chan struct{}, 4), make(chan struct{})
	s, err := Open(serving(t, func(p peer, request []byte) {
		asked <- struct{}{}
		<-release
		p.send(reply(request, 0, 0, 0, 1, '/'))
	}), SessionOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-asked; cancel() }()
	if err := s.Sync(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want the context's", err)
	}
	if err := s.Sync(ctx); !errors.Is(err, context.Canceled) || len(asked) > 0 {
		t.Errorf("error %v and %d more requests, want none while one is under way", err, len(asked))
	}
	close(release)
	synced(t, s)
}

func TestAServerThatLiesAboutSizesOrTimesIsNoPanic(t *testing.T) {
	huge := binary.BigEndian.AppendUint32(nil, 1<<31)
	for name, answer := range map[string][]byte{
		"a session without a timeout": append([]byte{0, 0, 0, 37}, enter(7, 0)...),
		"a timeout before now":        append([]byte{0, 0, 0, 37}, enter(7, -5)...),
		"a short answer":              append([]byte{0, 0, 0, 16}, make([]byte, 16)...),
		"two gigabytes":               append(huge, make([]byte, 100)...),
		"an answer of no bytes":       {0, 0, 0, 0},
		"an expired session":          append([]byte{0, 0, 0, 37}, enter(0, 0)...),
	} {
		seen := make(chan struct{}, 100)
		s := open(t, listen(t, func(conn net.Conn) {
			_, _ = conn.Write(answer)
			untilClosed(conn)
			seen <- struct{}{}
		}))
		select {
		case <-seen: // the client hung up
		case <-time.After(10 * time.Second):
			t.Errorf("%s: the client goes on", name)
		}
		s.Close()
	}
}

func TestAClosedSessionIsOfNoUse(t *testing.T) {
	for name, address := range map[string]string{
		"silent":         listen(t, untilClosed),
		"not there":      "127.0.0.1:1",
		"without a name": "no-such-host.invalid:2181",
		"serves":         serving(t, func(p peer, request []byte) { p.send(reply(request, 0, 0, 0, 1, '/')) }),
	} {
		s := open(t, address)
		began := time.Now()
		s.Close()
		s.Close()
		if err := s.Sync(t.Context()); !errors.Is(err, ErrClosed) || time.Since(began) > 8*time.Second {
			t.Errorf("%s: %v after %s", name, err, time.Since(began))
		}
	}
}

func TestCloseEndsASyncThatIsUnderWay(t *testing.T) {
	asked := make(chan struct{}, 4)
	s, err := Open(serving(t, func(peer, []byte) { asked <- struct{}{} }), SessionOptions{})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Sync(t.Context()) }()
	<-asked
	s.Close()
	if err := <-done; !errors.Is(err, zk.ErrConnectionClosed) && !errors.Is(err, zk.ErrClosing) {
		t.Errorf("error %v, want that the connection is closed", err)
	}
}

func TestAnAddressWithoutAPortIsRefused(t *testing.T) {
	if _, err := Open("zookeeper", SessionOptions{}); err == nil {
		t.Error("an address without a port is accepted")
	}
}
