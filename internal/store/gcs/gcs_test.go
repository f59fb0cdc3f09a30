package gcs

import (
	"fmt"
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
