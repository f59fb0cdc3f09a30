package sidecar

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/store"
	"github.com/zkark/zkark/internal/store/mem"
	"github.com/zkark/zkark/internal/store/storetest"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
	"github.com/zkark/zkark/sidecar/tail/tailtest"
)

// ark is an archive in memory that can be switched off, and remembers what was put.
type ark struct {
	t      *testing.T
	bucket *storetest.Faulty
	down   atomic.Bool
	mu     sync.Mutex
	puts   []string
}

func newArk(t *testing.T) *ark {
	a := &ark{t: t, bucket: &storetest.Faulty{Bucket: mem.New()}}
	a.bucket.Before = func(op, key string) error {
		if a.down.Load() {
			return fmt.Errorf("%s %s: %w", op, key, store.ErrUnavailable)
		}
		return nil
	}
	a.bucket.After = func(op, key string) error {
		a.mu.Lock()
		defer a.mu.Unlock()
		if strings.HasSuffix(key, ".log.zst") {
			a.puts = append(a.puts, key)
		}
		return nil
	}
	return a
}

func (a *ark) catalog() archive.Catalog {
	a.t.Helper()
	prefix := archive.TimelinePrefix(1)
	var objects []archive.Object
	for o, err := range a.bucket.Bucket.List(context.Background(), prefix, "") {
		if err != nil {
			a.t.Fatal(err)
		}
		objects = append(objects, archive.Object{Key: o.Key[len(prefix):], Size: o.Size})
	}
	return archive.ParseCatalog(objects)
}

// records decodes every segment, in order of their names. None may hold anything but records, as the zeros that a server reserves.
func (a *ark) records() (all []txnlog.Record) {
	a.t.Helper()
	for _, s := range a.catalog().Segments {
		body, err := a.bucket.Bucket.Get(context.Background(), archive.TimelinePrefix(1)+s.Key(), 0)
		if err != nil {
			a.t.Fatal(err)
		}
		d, err := archive.NewDecoder(body)
		if err != nil {
			a.t.Fatal(err)
		}
		file, err := io.ReadAll(d)
		if err := errors.Join(err, d.Close()); err != nil {
			a.t.Fatal(err)
		}
		r := txnlog.NewReader(bytes.NewReader(file), s.Key())
		rec, err := r.Next()
		for ; err == nil; rec, err = r.Next() {
			rec.Payload = bytes.Clone(rec.Payload)
			all = append(all, rec)
		}
		if err != io.EOF || r.Offset() != int64(len(file)) {
			a.t.Fatalf("%s: %v at offset %d of %d", s.Key(), err, r.Offset(), len(file))
		}
	}
	return all
}

// zxids tells of every record which one it is, and expects that it is what the server wrote.
func (a *ark) zxids() (all []zookeeper.Zxid) {
	a.t.Helper()
	for _, rec := range a.records() {
		if want := txnlog.Encode(tailtest.Txn(rec.Zxid, 0)); !bytes.Equal(rec.Payload, want) {
			a.t.Errorf("%s is not what the server wrote", rec.Zxid)
		}
		all = append(all, rec.Zxid)
	}
	return all
}

func span(first, last zookeeper.Zxid) (all []zookeeper.Zxid) {
	for z := first; z <= last; z++ {
		all = append(all, z)
	}
	return all
}

func (a *ark) want(zxids ...zookeeper.Zxid) {
	a.t.Helper()
	if diff := cmp.Diff(zxids, a.zxids()); diff != "" {
		a.t.Errorf("archived (-want +got):\n%s", diff)
	}
}
