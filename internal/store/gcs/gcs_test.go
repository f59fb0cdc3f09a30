package gcs

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/zkark/zkark/internal/store"
	"github.com/zkark/zkark/internal/store/storetest"
	"github.com/zkark/zkark/test/gcsserver"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open opens a bucket at an emulator's address, with little patience unless the options say otherwise.
func open(t *testing.T, address string, o Options) *Bucket {
	t.Helper()
	t.Setenv(emulatorVar, address)
	if o.Patience == 0 {
		o.Patience = 5 * time.Second
	}
	b, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func TestBucketKeepsTheContract(t *testing.T) {
	server := gcsserver.Start(t)
	var buckets atomic.Int32
	for _, prefix := range []string{"", "zk/prod"} {
		t.Run("prefix "+prefix, func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) store.Bucket {
				name := fmt.Sprintf("bucket-%d", buckets.Add(1))
				server.CreateBucket(t, name)
				return open(t, server.Address, Options{Bucket: name, Prefix: prefix})
			})
		})
	}
}

func TestAnObjectCarriesItsHashAndWhatTheOptionsAskFor(t *testing.T) {
	var key atomic.Value
	b := behind(t, &faulty{meddle: func(_ http.ResponseWriter, r *http.Request) bool {
		if isUpload(r) {
			key.Store(r.URL.Query().Get("kmsKeyName"))
		}
		return false
	}})
	b.options.StorageClass, b.options.KMSKey = "NEARLINE", "projects/p/locations/l/keyRings/r/cryptoKeys/k"
	if err := b.Put(t.Context(), "k", store.BytesBody([]byte("hello"))); err != nil {
		t.Fatal(err)
	}
	attrs, err := b.client.Bucket("archive").Object("k").Attrs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const hash = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
	if attrs.Metadata[hashName] != hash || attrs.StorageClass != "NEARLINE" || key.Load() != b.options.KMSKey {
		t.Errorf("metadata %v, class %s, key %v", attrs.Metadata, attrs.StorageClass, key.Load())
	}
}

func TestAListingOfSeveralPagesIsWhole(t *testing.T) {
	var pages atomic.Int32
	b := behind(t, &faulty{meddle: func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/o") && r.Method == http.MethodGet {
			pages.Add(1)
			query := r.URL.Query()
			query.Set("maxResults", "3")
			r.URL.RawQuery = query.Encode()
		}
		return false
	}})
	var want []string
	for i := range 10 {
		want = append(want, fmt.Sprintf("log/%02d", i))
		if err := b.Put(t.Context(), want[i], store.BytesBody(nil)); err != nil {
			t.Fatal(err)
		}
	}
	wantKeys(t, b, want...)
	if n := pages.Load(); n != 4 {
		t.Errorf("%d pages, want 4", n)
	}
}

func TestAMissingBucketIsToldByTheEmulatorToo(t *testing.T) {
	b := open(t, gcsserver.Start(t).Address, Options{Bucket: "nowhere", ChunkSize: chunk})
	wantErr(t, "put", b.Put(t.Context(), "k", store.BytesBody([]byte("x"))), store.ErrNoBucket)
	wantErr(t, "large put", b.Put(t.Context(), "k", store.BytesBody(large())), store.ErrNoBucket)
	for _, err := range b.List(t.Context(), "", "") {
		wantErr(t, "list", err, store.ErrNoBucket)
	}
	_, err := b.Stat(t.Context(), "k")
	t.Log("stat:", err)
}
