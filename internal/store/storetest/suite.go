// Package storetest holds the conformance suite that every bucket driver must pass, and a bucket that fails on demand.
package storetest

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zkark/zkark/internal/store"
)

// Run checks the contract of store.Bucket. Fresh returns an empty bucket each time.
func Run(t *testing.T, fresh func(t *testing.T) store.Bucket) {
	tests := []struct {
		name  string
		check func(t *testing.T, b store.Bucket)
	}{
		{"what was put can be read", putThenGet},
		{"get begins at the offset", getAtOffset},
		{"a key is taken once", createOnly},
		{"one of many writers wins", oneWinner},
		{"a body that is not what it says creates nothing", wrongBody},
		{"a cancelled context creates nothing", cancelledPut},
		{"what is missing is not found", missing},
		{"deleting twice is no error", deleteTwice},
		{"a listing is in order of the keys' bytes", listOrder},
		{"a listing begins after a key", listAfter},
		{"a listing can be left early", listLeftEarly},
		{"malformed keys are refused", malformedKeys},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := fresh(t)
			test.check(t, b)
			if err := b.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
		})
	}
}

func put(t *testing.T, b store.Bucket, key, data string) {
	t.Helper()
	if err := b.Put(t.Context(), key, store.BytesBody([]byte(data))); err != nil {
		t.Fatalf("put: %v", err)
	}
}

func wantData(t *testing.T, b store.Bucket, key string, offset int64, want string) {
	t.Helper()
	r, err := b.Get(t.Context(), key, offset)
	if err != nil {
		t.Fatalf("get: %v", err)
	}
	got, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		t.Fatalf("read %s: %v", key, err)
	}
	if string(got) != want {
		t.Errorf("%s from %d = %q, want %q", key, offset, got, want)
	}
}

func wantErr(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: error %v, want %v", what, err, want)
	}
}

// Keys lists a bucket's keys.
func Keys(t *testing.T, b store.Bucket, prefix, after string) []string {
	t.Helper()
	var keys []string
	for a, err := range b.List(t.Context(), prefix, after) {
		if err != nil {
			t.Fatalf("list %q after %q: %v", prefix, after, err)
		}
		keys = append(keys, a.Key)
	}
	return keys
}

func wantKeys(t *testing.T, b store.Bucket, prefix, after string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, Keys(t, b, prefix, after)); diff != "" {
		t.Errorf("list %q after %q (-want +got):\n%s", prefix, after, diff)
	}
}

func putThenGet(t *testing.T, b store.Bucket) {
	put(t, b, "a/b/c.log", "hello")
	put(t, b, "empty", "")
	wantData(t, b, "a/b/c.log", 0, "hello")
	wantData(t, b, "empty", 0, "")
	a, err := b.Stat(t.Context(), "a/b/c.log")
	if err != nil || a.Key != "a/b/c.log" || a.Size != 5 || a.Modified.IsZero() {
		t.Errorf("stat = %+v, %v", a, err)
	}
	for l, err := range b.List(t.Context(), "a/", "") {
		if err != nil || l.Size != a.Size || !l.Modified.Equal(a.Modified) {
			t.Errorf("list tells %+v, %v; stat tells %+v", l, err, a)
		}
	}
}

func getAtOffset(t *testing.T, b store.Bucket) {
	put(t, b, "k", "0123456789")
	wantData(t, b, "k", 4, "456789")
	wantData(t, b, "k", 10, "")
	_, err := b.Get(t.Context(), "k", 11)
	wantErr(t, "get past the end", err, store.ErrInvalid)
}

func createOnly(t *testing.T, b store.Bucket) {
	put(t, b, "k", "first")
	wantErr(t, "second put", b.Put(t.Context(), "k", store.BytesBody([]byte("second"))), store.ErrExists)
	wantErr(t, "same put", b.Put(t.Context(), "k", store.BytesBody([]byte("first"))), store.ErrExists)
	wantData(t, b, "k", 0, "first")
}

func oneWinner(t *testing.T, b store.Bucket) {
	const writers = 16
	errs := make([]error, writers)
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() { errs[i] = b.Put(t.Context(), "dir/k", store.BytesBody([]byte{byte('a' + i)})) })
	}
	wg.Wait()
	winner := -1
	for i, err := range errs {
		if err == nil && winner >= 0 {
			t.Fatalf("writers %d and %d both won", winner, i)
		}
		if err == nil {
			winner = i
		} else {
			wantErr(t, "loser", err, store.ErrExists)
		}
	}
	if winner < 0 {
		t.Fatal("nobody won")
	}
	wantData(t, b, "dir/k", 0, string(rune('a'+winner)))
}

func wrongBody(t *testing.T, b store.Bucket) {
	body := store.BytesBody([]byte("hello"))
	short, long, hash, broken := body, body, body, body
	short.Size++
	long.Size--
	hash.SHA256 = sha256.Sum256([]byte("other"))
	broken.Open = func() (io.ReadCloser, error) { return nil, io.ErrClosedPipe }
	for _, bad := range []store.Body{short, long, hash} {
		wantErr(t, "put", b.Put(t.Context(), "d/k", bad), store.ErrInvalid)
	}
	wantErr(t, "put of what cannot be opened", b.Put(t.Context(), "d/k", broken), io.ErrClosedPipe)
	wantNothing(t, b, "d/k")
	put(t, b, "d/k", "hello")
}

func wantNothing(t *testing.T, b store.Bucket, key string) {
	t.Helper()
	_, err := b.Stat(t.Context(), key)
	wantErr(t, "stat", err, store.ErrNotFound)
	wantKeys(t, b, "", "")
}

// cancelledPut cancels while the body is being read, which is when it matters.
func cancelledPut(t *testing.T, b store.Bucket) {
	ctx, cancel := context.WithCancel(t.Context())
	body := store.BytesBody([]byte("hello"))
	inner := body.Open
	body.Open = func() (io.ReadCloser, error) {
		cancel()
		return inner()
	}
	wantErr(t, "put", b.Put(ctx, "k", body), context.Canceled)
	wantErr(t, "put again", b.Put(ctx, "k", body), context.Canceled)
	wantNothing(t, b, "k")
}

func missing(t *testing.T, b store.Bucket) {
	put(t, b, "dir/k", "x")
	for _, key := range []string{"nope", "dir", "dir/nope", "no/dir"} {
		_, err := b.Get(t.Context(), key, 0)
		wantErr(t, "get "+key, err, store.ErrNotFound)
		_, err = b.Stat(t.Context(), key)
		wantErr(t, "stat "+key, err, store.ErrNotFound)
	}
	wantKeys(t, b, "nope", "")
}

func deleteTwice(t *testing.T, b store.Bucket) {
	put(t, b, "d/k", "x")
	for range 2 {
		if err := b.Delete(t.Context(), "d/k"); err != nil {
			t.Errorf("delete: %v", err)
		}
	}
	wantNothing(t, b, "d/k")
	put(t, b, "d/k", "again")
}

func listOrder(t *testing.T, b store.Bucket) {
	want := []string{"B/x", "a-b/x", "a.b", "a/x", "a/x.y", "a/x/y", "aa", "b"}
	for _, i := range []int{5, 2, 7, 0, 1, 3, 6, 4} {
		if want[i] == "a/x" {
			continue // next to a/x/y: a file system cannot hold both
		}
		put(t, b, want[i], "x")
	}
	want = append(want[:3:3], want[4:]...)
	wantKeys(t, b, "", "", want...)
	wantKeys(t, b, "a", "", want[1:6]...)
	wantKeys(t, b, "a/", "", "a/x.y", "a/x/y")
	wantKeys(t, b, "a/x", "", "a/x.y", "a/x/y")
}

// listAfter: after is a whole key, not something to be appended to the prefix, and need not exist.
func listAfter(t *testing.T, b store.Bucket) {
	for _, key := range []string{"log/1", "log/2", "log/2.5", "log/3", "m", "snapshot/1"} {
		put(t, b, key, "x")
	}
	wantKeys(t, b, "log/", "log/2", "log/2.5", "log/3")
	wantKeys(t, b, "log/", "log/2.1", "log/2.5", "log/3")
	wantKeys(t, b, "log/", "log/3")
	wantKeys(t, b, "log/", "a", "log/1", "log/2", "log/2.5", "log/3")
	wantKeys(t, b, "log/", "z")
	wantKeys(t, b, "", "log/3", "m", "snapshot/1")
	wantKeys(t, b, "", "log", "log/1", "log/2", "log/2.5", "log/3", "m", "snapshot/1")
}

func listLeftEarly(t *testing.T, b store.Bucket) {
	put(t, b, "a/1", "x")
	put(t, b, "a/2", "x")
	put(t, b, "b", "x")
	n := 0
	for _, err := range b.List(t.Context(), "", "") {
		if err != nil {
			t.Fatal(err)
		}
		n++
		break
	}
	if n != 1 {
		t.Errorf("got %d objects, want 1", n)
	}
}

func malformedKeys(t *testing.T, b store.Bucket) {
	for _, key := range []string{"", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", ".a", "a/.b", "a b", "ä", "a\x00", "a\\b"} {
		wantErr(t, "put "+key, b.Put(t.Context(), key, store.BytesBody(nil)), store.ErrInvalid)
		_, err := b.Get(t.Context(), key, 0)
		wantErr(t, "get "+key, err, store.ErrInvalid)
		wantErr(t, "delete "+key, b.Delete(t.Context(), key), store.ErrInvalid)
	}
	wantKeys(t, b, "", "")
}
