package recovery

import "fmt"

// Limits of a request's size in bytes. A server takes requests up to its jute.maxbuffer (ZooKeeper: 0xfffff by default); the client
// library cannot write more than 1.5 MiB.
const (
	DefaultRequest = 1<<20 - 16<<10
	MinRequest     = 1 << 10
	MaxRequest     = 1<<20 + 448<<10
)

// TooLargeError is returned for a change that does not fit into a request.
type TooLargeError struct {
	Path        string
	Size, Limit int // bytes
}

// Error says what can be done.
func (e *TooLargeError) Error() string {
	return fmt.Sprintf("znode %q takes a request of %d bytes, and %d are allowed: raise --max-request, up to what the servers' jute.maxbuffer allows",
		e.Path, e.Size, e.Limit)
}

// Batch is changes that happen together or not at all: one request.
type Batch []Change

// Batches cuts changes, in their order, into requests of at most limit bytes. It fails with *TooLargeError.
func Batches(changes []Change, limit int) ([]Batch, error) {
	var all []Batch
	var current Batch
	size := 0
	flush := func() {
		if len(current) > 0 {
			all = append(all, current)
		}
		current, size = nil, 0
	}
	for _, c := range changes {
		n := c.size()
		if n > limit {
			return nil, &TooLargeError{Path: c.Path, Size: n, Limit: limit}
		}
		if c.single() || size+n > limit {
			flush()
		}
		current, size = append(current, c), size+n
		if c.single() {
			flush()
		}
	}
	flush()
	return all, nil
}

// single tells what the client library has no form of inside a multi.
func (c Change) single() bool {
	return c.Op == SetACL || c.Op == Create && c.Now.Kind != Persistent && c.Now.Kind != Lasting
}

// size is not less than the bytes that the change takes in a request.
func (c Change) size() int {
	const fixed, perACL = 96, 12
	n := fixed + len(c.Path)
	if c.Op == Create || c.Op == SetData {
		n += len(c.Now.Data)
	}
	if c.Op == Create || c.Op == SetACL {
		for _, a := range c.Now.ACL {
			n += perACL + len(a.Scheme) + len(a.ID)
		}
	}
	return n
}
