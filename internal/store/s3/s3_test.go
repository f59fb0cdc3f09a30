package s3

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/zkark/zkark/internal/store"
	"github.com/zkark/zkark/internal/store/storetest"
	"github.com/zkark/zkark/test/s3server"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// part is the least that S3 takes for a part that is not the last.
const part = 5 << 20

// open opens a bucket at an endpoint, with little patience unless the options say otherwise.
func open(t *testing.T, endpoint string, o Options) *Bucket {
	t.Helper()
	o.Endpoint, o.PathStyle = endpoint, true
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
	server := s3server.Start(t)
	var buckets atomic.Int32
	for _, prefix := range []string{"", "zk/prod"} {
		t.Run("prefix "+prefix, func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) store.Bucket {
				name := fmt.Sprintf("bucket-%d", buckets.Add(1))
				server.CreateBucket(t, name)
				return open(t, server.Endpoint(), Options{Bucket: name, Prefix: prefix})
			})
		})
	}
}

func TestMalformedOptionsAreRefused(t *testing.T) {
	for _, o := range []Options{
		{}, {Bucket: "a/b"}, {Bucket: "b", Prefix: "../up"}, {Bucket: "b", PartSize: -1}, {Bucket: "b", Patience: -1}, {Bucket: "b", SSE: "rot13"},
	} {
		_, err := Open(t.Context(), o)
		wantErr(t, fmt.Sprintf("%+v", o), err, store.ErrInvalid)
	}
}

func TestABodyOfAnySizeFitsIntoTheParts(t *testing.T) {
	o := Options{PartSize: part}
	for _, size := range []int64{1, part, 50 << 30, 5 << 40} {
		if parts := (size + o.partSize(size) - 1) / o.partSize(size); parts > maxParts || o.partSize(size) < part {
			t.Errorf("%d bytes make %d parts of %d", size, parts, o.partSize(size))
		}
	}
}
