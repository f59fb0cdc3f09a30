package restore

import "io"

// ahead makes things in a goroutine of its own, a few ahead of whoever uses them, so that making and using them each have a core. What
// is used up is given back and made anew: memory is bounded by what there is at the beginning. It has to be closed.
type ahead[T any] struct {
	free chan T
	full chan made[T]
	end  error // after the last thing
}

type made[T any] struct {
	thing T
	end   error // nothing comes after the thing
}

// goAhead calls fill for one of the empty things after the other, until it tells an error, which comes after what it filled.
func goAhead[T any](fill func(T) (T, error), empty ...T) *ahead[T] {
	a := &ahead[T]{free: make(chan T, len(empty)), full: make(chan made[T], len(empty))}
	for _, e := range empty {
		a.free <- e
	}
	go func() {
		defer close(a.full)
		for thing := range a.free {
			filled, err := fill(thing)
			a.full <- made[T]{filled, err}
			if err != nil {
				return
			}
		}
	}()
	return a
}

// next is what was filled next, or the error that ended it.
func (a *ahead[T]) next() (thing T, err error) {
	m, ok := <-a.full
	if !ok {
		return thing, a.end
	}
	a.end = m.end
	return m.thing, nil
}

// giveBack has a thing filled anew.
func (a *ahead[T]) giveBack(thing T) { a.free <- thing }

// close waits for what is being filled, and for those that are still free.
func (a *ahead[T]) close() {
	close(a.free)
	for range a.full {
	}
}

const (
	blockSize = 256 << 10 // bytes that are handed over at once
	blocks    = 4         // of them on their way
)

// bytesAhead reads ahead. It has to be closed, and until then has what it reads from to itself.
type bytesAhead struct {
	*ahead[[]byte]
	block, left []byte // being read from
}

func readAhead(r io.Reader) *bytesAhead {
	fill := func(b []byte) ([]byte, error) { return fillBlock(r, b[:blockSize]) }
	var empty [][]byte
	for range blocks {
		empty = append(empty, make([]byte, blockSize))
	}
	return &bytesAhead{ahead: goAhead(fill, empty...)}
}

// fillBlock keeps the error of the read what it is, which io.ReadFull does not.
func fillBlock(r io.Reader, b []byte) ([]byte, error) {
	for n := 0; ; {
		got, err := r.Read(b[n:])
		if n += got; err != nil || n == len(b) {
			return b[:n], err
		}
	}
}

// Read gives the bytes of what is read, and then its error.
func (r *bytesAhead) Read(p []byte) (int, error) {
	for len(r.left) == 0 {
		if r.block != nil {
			r.giveBack(r.block)
			r.block = nil
		}
		b, err := r.next()
		if err != nil {
			return 0, err
		}
		r.block, r.left = b, b
	}
	n := copy(p, r.left)
	r.left = r.left[n:]
	return n, nil
}
