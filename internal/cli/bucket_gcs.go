package cli

import (
	"context"
	"errors"
	"net/url"

	"github.com/spf13/pflag"

	"github.com/zkark/zkark/internal/store"
	"github.com/zkark/zkark/internal/store/gcs"
)

// gcsFlags are what gs:// has beyond the URL.
type gcsFlags struct{ storageClass, kmsKey string }

func (f *gcsFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.storageClass, "gcs-storage-class", "", "the storage `CLASS` of new objects in gs:// (default the bucket's)")
	flags.StringVar(&f.kmsKey, "gcs-kms-key", "", "the Cloud KMS `KEY` that encrypts new objects in gs://: projects/P/locations/L/keyRings/R/cryptoKeys/K (default the bucket's)")
}

func (f *gcsFlags) open(ctx context.Context, archive string, u *url.URL) (store.Bucket, error) {
	if err := inBucket(archive, u); err != nil {
		return nil, err
	}
	bucket, err := gcs.Open(ctx, gcs.Options{Bucket: u.Host, Prefix: u.Path, StorageClass: f.storageClass, KMSKey: f.kmsKey})
	if errors.Is(err, store.ErrInvalid) {
		return nil, usageError("--archive %q: %w", archive, err)
	}
	if err != nil {
		return nil, err // not a nil *gcs.Bucket, which is no nil store.Bucket
	}
	return bucket, nil
}
