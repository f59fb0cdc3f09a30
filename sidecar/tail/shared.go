package tail

import (
	"os"
	"sync"
)

// shared is a file that is closed when its last user lets go.
type shared struct {
	f    *os.File
	mu   sync.Mutex
	uses int
}

func share(f *os.File) *shared { return &shared{f: f, uses: 1} }

func (s *shared) use() *shared {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.uses++
	return s
}

func (s *shared) release() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.uses--; s.uses > 0 {
		return nil
	}
	return s.f.Close()
}
