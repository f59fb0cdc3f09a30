package probe

import (
	"errors"
	"io"
	"net"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// listen hands every connection to serve, which reads and writes as it likes, and closes it afterwards. When the test ends all are closed.
func listen(t *testing.T, serve func(net.Conn)) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var open []net.Conn
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open = append(open, conn)
			mu.Unlock()
			all.Go(func() { defer conn.Close(); serve(conn) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		for _, conn := range open {
			conn.Close()
		}
		mu.Unlock()
		all.Wait()
	})
	return l.Addr().String()
}

// answering listens for four-letter words. A word without an answer is not allowed.
func answering(t *testing.T, answers map[string]string) (address string) {
	return listen(t, func(conn net.Conn) {
		var word [4]byte
		if _, err := io.ReadFull(conn, word[:]); err != nil {
			return
		}
		answer, ok := answers[string(word[:])]
		if !ok {
			answer = string(word[:]) + " " + notAllowed + "\n"
		}
		_, _ = io.WriteString(conn, answer) // who asked may have had enough
	})
}

// untilClosed reads until the other side hangs up.
func untilClosed(conn net.Conn) {
	if _, err := io.Copy(io.Discard, conn); err != nil && !errors.Is(err, net.ErrClosed) {
		return
	}
}

// srvr is what a server of ZooKeeper 3.8 answers.
func srvr(mode, zxid string) string {
	return "Zookeeper version: 3.8.0-${mvngit.commit.id}, built on 2024-12-29 17:54 UTC\nLatency min/avg/max: 0/0.5/7\n" +
		"Received: 12\nSent: 11\nConnections: 3\nOutstanding: 2\nZxid: " + zxid + "\nMode: " + mode + "\nNode count: 5\n"
}
