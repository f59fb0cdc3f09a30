package zkserver

import (
	"context"
	"fmt"
	"io"
	"net"
	"regexp"
	"strconv"
	"time"

	"github.com/zkark/zkark/internal/zookeeper"
)

// Status is what a server says of itself.
type Status struct {
	Version string
	Mode    string         // standalone, leader, follower or observer
	Zxid    zookeeper.Zxid // the last transaction that it has processed
	Nodes   int            // the server itself counts one more, because its tree has the root twice
}

// Status asks the server. It fails when the server does not serve clients.
func (s *Server) Status(ctx context.Context) (Status, error) {
	answer, err := s.FourLetters(ctx, "srvr")
	if err != nil {
		return Status{}, err
	}
	return parseStatus(answer)
}

// FourLetters sends a four-letter command, such as "srvr" or "hash", and returns the answer.
func (s *Server) FourLetters(ctx context.Context, word string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", s.Addr())
	if err != nil {
		return "", fmt.Errorf("ask ZooKeeper for %s: %w", word, err)
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return "", fmt.Errorf("ask ZooKeeper for %s: %w", word, err)
		}
	}
	if _, err := io.WriteString(conn, word); err != nil {
		return "", fmt.Errorf("ask ZooKeeper for %s: %w", word, err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil {
		return "", fmt.Errorf("ask ZooKeeper for %s: %w", word, err)
	}
	return string(answer), nil
}

func parseStatus(answer string) (Status, error) {
	fields := regexp.MustCompile(`(?s)^Zookeeper version: ([0-9.]+).*\nZxid: (0x[0-9a-f]+)\nMode: (\w+)\n.*Node count: (\d+)`).FindStringSubmatch(answer)
	if fields == nil {
		return Status{}, fmt.Errorf("the server does not serve: it answers %q", answer)
	}
	zxid, err := zookeeper.ParseZxid(fields[2])
	if err != nil {
		return Status{}, fmt.Errorf("what the server says of itself: %w", err)
	}
	nodes, err := strconv.Atoi(fields[4])
	if err != nil {
		return Status{}, fmt.Errorf("what the server says of itself: %w", err)
	}
	return Status{Version: fields[1], Zxid: zxid, Mode: fields[3], Nodes: nodes - 1}, nil
}
