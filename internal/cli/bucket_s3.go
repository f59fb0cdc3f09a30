package cli

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"

	"github.com/spf13/pflag"

	"github.com/zkark/zkark/internal/store"
	"github.com/zkark/zkark/internal/store/s3"
)

// s3Flags are what s3:// has beyond the URL.
type s3Flags struct {
	options   s3.Options
	plaintext bool
}

func (f *s3Flags) add(flags *pflag.FlagSet) {
	o := &f.options
	flags.StringVar(&o.Endpoint, "s3-endpoint", "", "the `URL` of a store that speaks S3's protocol (default Amazon's)")
	flags.StringVar(&o.Region, "s3-region", "", "the `REGION` of the bucket (default the environment's)")
	flags.BoolVar(&o.PathStyle, "s3-path-style", false, "put the bucket's name into the path, not into the host name")
	flags.StringVar(&o.StorageClass, "s3-storage-class", "", "the storage `CLASS` of new objects in s3:// (default the bucket's)")
	flags.StringVar(&o.SSE, "s3-sse", "", "how the store encrypts new objects in s3://: AES256 or aws:kms (default the bucket's)")
	flags.StringVar(&o.KMSKey, "s3-sse-kms-key", "", "the KMS `KEY` for aws:kms (default the account's)")
	flags.StringVar(&o.Tags, "s3-tags", "", "the `TAGS` of new objects in s3://, as team=data&kept=yes")
	flags.BoolVar(&f.plaintext, "s3-plaintext", false, "speak http:// to an --s3-endpoint that is not on this machine")
}

func (f *s3Flags) open(ctx context.Context, archive string, u *url.URL) (store.Bucket, error) {
	if err := inBucket(archive, u); err != nil {
		return nil, err
	}
	if err := f.checkEndpoint(); err != nil {
		return nil, err
	}
	o := f.options
	o.Bucket, o.Prefix = u.Host, u.Path
	bucket, err := s3.Open(ctx, o)
	if errors.Is(err, store.ErrInvalid) {
		return nil, usageError("--archive %q: %w", archive, err)
	}
	if err != nil {
		return nil, err // not a nil *s3.Bucket, which is no nil store.Bucket
	}
	return bucket, nil
}

// checkEndpoint refuses to send what an ensemble holds across a network in the clear, unless somebody says so.
func (f *s3Flags) checkEndpoint() error {
	if f.options.Endpoint == "" {
		return nil
	}
	u, err := url.Parse(f.options.Endpoint)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil:
		return usageError("--s3-endpoint %q: want https://host[:port]", f.options.Endpoint)
	case u.Scheme == "http" && !f.plaintext && !isLoopback(u.Hostname()):
		return usageError("--s3-endpoint %q: everything would cross the network unencrypted: want https://, or give --s3-plaintext", f.options.Endpoint)
	}
	return nil
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && net.IP(ip.AsSlice()).IsLoopback()
}
