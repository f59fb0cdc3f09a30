package throttle

import (
	"context"
	"errors"
	"io"
	"time"

	"golang.org/x/time/rate"

	"github.com/zkark/zkark/internal/store"
)

const (
	// chunk is how many bytes pass at once at most. A change of the rate is felt after one of them at the old rate.
	chunk = 16 << 10

	// burstsPerSecond is how short a pause may be that is made up for afterwards. Timers that ring late would slow down
	// a fast transfer otherwise.
	burstsPerSecond = 20
)

// Bucket is a bucket whose bodies pass at a bounded rate, all of them together.
type Bucket struct {
	store.Bucket
	limiter *rate.Limiter
}

// New bounds the bodies of b to a rate in bytes per second. 0 or less is no bound.
func New(b store.Bucket, bytesPerSecond int64) *Bucket {
	limiter := rate.NewLimiter(bounds(bytesPerSecond))
	limiter.AllowN(time.Now(), limiter.Burst()) // nothing was saved up yet
	return &Bucket{Bucket: b, limiter: limiter}
}

// SetRate changes the rate, in bytes per second, also of what is under way. 0 or less is no bound.
func (b *Bucket) SetRate(bytesPerSecond int64) {
	limit, burst := bounds(bytesPerSecond)
	b.limiter.SetLimit(limit)
	b.limiter.SetBurst(burst)
}

func bounds(bytesPerSecond int64) (rate.Limit, int) {
	if bytesPerSecond <= 0 {
		return rate.Inf, chunk
	}
	return rate.Limit(bytesPerSecond), int(max(chunk, bytesPerSecond/burstsPerSecond))
}

// Put creates an object from a body that is read at the rate, each time that it is opened.
func (b *Bucket) Put(ctx context.Context, key string, body store.Body) error {
	open := body.Open
	body.Open = func() (io.ReadCloser, error) {
		r, err := open()
		if err != nil {
			return nil, err
		}
		return b.slow(ctx, r), nil
	}
	return b.Bucket.Put(ctx, key, body)
}

// Get reads an object at the rate. The reader fails with the cause of the context's end.
func (b *Bucket) Get(ctx context.Context, key string, offset int64) (io.ReadCloser, error) {
	r, err := b.Bucket.Get(ctx, key, offset)
	if err != nil {
		return nil, err
	}
	return b.slow(ctx, r), nil
}

func (b *Bucket) slow(ctx context.Context, r io.ReadCloser) io.ReadCloser {
	return &slowReader{ReadCloser: r, ctx: ctx, limiter: b.limiter}
}

// slowReader gives bytes out when their time has come.
type slowReader struct {
	io.ReadCloser
	ctx     context.Context
	limiter *rate.Limiter
}

// Read gives out a chunk at most.
func (s *slowReader) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p[:min(len(p), chunk)])
	if n == 0 {
		return 0, err
	}
	if waited := s.wait(n); waited != nil {
		return 0, errors.Join(waited, notEOF(err))
	}
	return n, err
}

// wait does what rate.Limiter.WaitN does, but until the context ends: a deadline that is too near is not an error yet.
func (s *slowReader) wait(n int) error {
	turn := s.limiter.ReserveN(time.Now(), n)
	delay := turn.Delay()
	if delay == 0 {
		return context.Cause(s.ctx)
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-s.ctx.Done():
		turn.Cancel()
		return context.Cause(s.ctx)
	}
}

func notEOF(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}
