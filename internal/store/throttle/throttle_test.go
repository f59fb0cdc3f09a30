package throttle_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zkark/zkark/internal/store"
	"github.com/zkark/zkark/internal/store/mem"
	"github.com/zkark/zkark/internal/store/storetest"
	"github.com/zkark/zkark/internal/store/throttle"
)

const megabyte = 1_000_000

func TestAThrottledBucketKeepsTheContract(t *testing.T) {
	storetest.Run(t, func(*testing.T) store.Bucket { return throttle.New(mem.New(), 1<<30) })
	storetest.Run(t, func(*testing.T) store.Bucket { return throttle.New(mem.New(), 0) })
}

// took is how long the work takes, in seconds of the test's clock.
func took(work func()) float64 {
	begun := time.Now()
	work()
	return time.Since(begun).Seconds()
}

func wantSeconds(t *testing.T, what string, got, want float64) {
	t.Helper()
	if got < want*0.9999 || got > want*1.0001 {
		t.Errorf("%s takes %.3f s, want %.3f s", what, got, want)
	}
}

func put(t *testing.T, b store.Bucket, key string, size int) {
	t.Helper()
	if err := b.Put(t.Context(), key, store.BytesBody(make([]byte, size))); err != nil {
		t.Error(err)
	}
}

func get(t *testing.T, b store.Bucket, key string) {
	t.Helper()
	r, err := b.Get(t.Context(), key, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, r); err != nil {
		t.Error(err)
	}
	r.Close()
}

func TestTwentyMegabytesAtOneASecondTakeTwentySeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := throttle.New(mem.New(), megabyte)
		wantSeconds(t, "the upload", took(func() { put(t, b, "a", 20*megabyte) }), 20)
		wantSeconds(t, "the download", took(func() { get(t, b, "a") }), 20)
	})
}

func TestWhatPassesAtTheSameTimeSharesTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := throttle.New(mem.New(), megabyte)
		wantSeconds(t, "both", took(func() {
			done := make(chan struct{})
			go func() { put(t, b, "a", 5*megabyte); close(done) }()
			put(t, b, "b", 5*megabyte)
			<-done
		}), 10)
	})
}

func TestTheRateChangesWhileABodyPasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := throttle.New(mem.New(), megabyte)
		time.AfterFunc(10*time.Second, func() { b.SetRate(10 * megabyte) })
		got := took(func() { put(t, b, "a", 20*megabyte) })
		if got < 10.9 || got > 11.1 {
			t.Errorf("ten seconds at 1 MB/s and the rest at 10 MB/s take %.3f s, want 11 s", got)
		}
		b.SetRate(0)
		if got := took(func() { get(t, b, "a") }); got != 0 {
			t.Errorf("without a bound it takes %.3f s", got)
		}
	})
}

func TestTheEndOfTheContextEndsTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := mem.New()
		b := throttle.New(inner, 1000)
		reason := errors.New("enough")
		ctx, cancel := context.WithTimeoutCause(t.Context(), 30*time.Second, reason)
		defer cancel()
		var err error
		wantSeconds(t, "the wait", took(func() { err = b.Put(ctx, "a", store.BytesBody(make([]byte, megabyte))) }), 30)
		if !errors.Is(err, reason) {
			t.Errorf("put gives %v, want the cause", err)
		}
		if _, err := inner.Stat(t.Context(), "a"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("something was put: %v", err)
		}
	})
}
