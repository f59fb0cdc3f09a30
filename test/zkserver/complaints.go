package zkserver

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

// Complaints are the lines of the server's log, since its last start, that an operator would look at: errors and
// warnings, exceptions, and digests that do not match, but for those that every healthy server prints. It fails when the
// log does not even show that the server started, because then silence means nothing.
func (s *Server) Complaints() ([]string, error) {
	log, err := os.ReadFile(s.LogFile())
	if err != nil {
		return nil, fmt.Errorf("look for complaints: %w", err)
	}
	if !strings.Contains(string(log), "Server environment:zookeeper.version") {
		return nil, fmt.Errorf("look for complaints in %s: the server did not log its start there", s.LogFile())
	}
	return complaints(string(log)), nil
}

func complaints(log string) []string {
	bad := regexp.MustCompile(`(?i)\b(WARN|ERROR|FATAL)\b|Exception\b|digest.*(mismatch|not match)|unreasonable length`)
	harmless := regexp.MustCompile(strings.Join([]string{
		"running +in standalone mode",
		"maxCnxns is not configured",
		"fsync-ing the write ahead log",                                                               // a slow disk
		"Unable to read additional data from (client|server)", "NIOServerCnxn - Unexpected exception", // a client went away
		"Exception causing close of session", "EndOfStreamException", "caught end of stream exception",
		"Connection broken for id", "Cannot open channel to", "Interrupting SendWorker", "Interrupted while waiting for message on queue",
		"Send worker leaving thread", "Exception when using channel", "Unexpected exception causing shutdown", // a peer went away
		"Non-optimal configuration, consider an odd number",
		"Error closing a command socket", `"this.zkDb" is null`, // was asked for its status before it had any
		"WorkerService - Unexpected exception",                // the next line tells which
		"Connection request from old client",                  // one that knows no read-only mode
		"Close of session 0x0", "ZooKeeperServer not running", // a client was faster than the server's start
	}, "|"))
	var found []string
	for line := range strings.Lines(log) {
		line = strings.TrimSuffix(line, "\n")
		if bad.MatchString(line) && !harmless.MatchString(line) {
			found = append(found, line)
		}
	}
	return found
}
