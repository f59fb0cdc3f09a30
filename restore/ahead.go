package restore

import "io"

const (
	blockSize = 256 << 10 // bytes that are handed over at once
	blocks    = 4         // of them, full or free
)

// ahead reads in a goroutine of its own, a few blocks ahead of whoever reads from it, so that making the bytes and using them each
// have a core. It has to be closed.
type ahead struct {
	full chan block
	free chan []byte
	now  block  // being read from
	left []byte // of it
}

type block struct {
	bytes []byte
	err   error // comes after the bytes
}

// readAhead begins to read r, which is nobody else's until the ahead is closed.
func readAhead(r io.Reader) *ahead {
	a := &ahead{full: make(chan block, blocks), free: make(chan []byte, blocks)}
	for range blocks {
		a.free <- make([]byte, blockSize)
	}
	go a.fill(r)
	return a
}

func (a *ahead) fill(r io.Reader) {
	defer close(a.full)
	for empty := range a.free {
		b := fillBlock(r, empty)
		a.full <- b
		if b.err != nil {
			return
		}
	}
}

// fillBlock keeps the error of the read what it is, which io.ReadFull does not.
func fillBlock(r io.Reader, b []byte) block {
	for n := 0; ; {
		got, err := r.Read(b[n:])
		if n += got; err != nil || n == len(b) {
			return block{b[:n], err}
		}
	}
}

// Read gives the bytes of the reader behind, and then its error.
func (a *ahead) Read(p []byte) (int, error) {
	for len(a.left) == 0 {
		if a.now.err != nil {
			return 0, a.now.err
		}
		if a.now.bytes != nil {
			a.free <- a.now.bytes[:blockSize]
		}
		a.now = <-a.full
		a.left = a.now.bytes
	}
	n := copy(p, a.left)
	a.left = a.left[n:]
	return n, nil
}

// close ends the reading, wherever it is, and lets the reader behind go.
func (a *ahead) close() {
	close(a.free)
	for range a.full { // a block that is being read is the last but for those that are free
	}
}
