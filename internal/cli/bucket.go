package cli

import (
	"context"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/zkark/zkark/internal/store"
	"github.com/zkark/zkark/internal/store/file"
	"github.com/zkark/zkark/internal/store/throttle"
)

// urlForms are the archives there are.
const urlForms = "file:///path, s3://bucket/prefix or gs://bucket/prefix"

const maxRateFlag = "max-rate"

// archiveFlags say where an archive is and how it is used.
type archiveFlags struct {
	url     string
	s3      s3Flags
	gcs     gcsFlags
	maxRate byteSize // a second; 0 for no bound
}

func (f *archiveFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.url, "archive", "", "where the archive is, as a `URL`: "+urlForms)
	flags.Var(&f.maxRate, maxRateFlag, "how many bytes a second may pass to and from the archive, as `SIZE`: 10MiB; 0 for no bound")
	f.s3.add(flags)
	f.gcs.add(flags)
}

// open opens the archive, at the rate it may be used at.
func (f *archiveFlags) open(ctx context.Context) (store.Bucket, error) {
	bucket, err := f.openDriver(ctx)
	if err != nil || f.maxRate == 0 {
		return bucket, err
	}
	return throttle.New(bucket, int64(f.maxRate)), nil
}

// openDriver picks the driver for the archive's URL. It is the only place that knows them all.
func (f *archiveFlags) openDriver(ctx context.Context) (store.Bucket, error) {
	u, err := url.Parse(f.url)
	if err != nil {
		return nil, usageError("--archive %q: is not a URL: want %s", f.url, urlForms)
	}
	switch u.Scheme {
	case "file":
		return openDirectory(f.url, u)
	case "s3":
		return f.s3.open(ctx, f.url, u)
	case "gs":
		return f.gcs.open(ctx, f.url, u)
	case "":
		return nil, usageError("--archive %q: has no scheme: want %s", f.url, urlForms)
	}
	return nil, usageError("--archive %q: nothing is known of %s://: want %s", f.url, u.Scheme, urlForms)
}

func openDirectory(archive string, u *url.URL) (store.Bucket, error) {
	switch {
	case u.Host != "":
		return nil, usageError("--archive %q: names the host %q: want file:///path, with three slashes", archive, u.Host)
	case u.Path == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		return nil, usageError("--archive %q: want file:///path and nothing after it", archive)
	}
	bucket, err := file.Open(u.Path)
	if err != nil {
		return nil, usageError("--archive %q: %w", archive, err)
	}
	return bucket, nil
}

// inBucket refuses what is not SCHEME://bucket/prefix.
func inBucket(archive string, u *url.URL) error {
	if u.Host == "" || u.Port() != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return usageError("--archive %q: want %s://bucket/prefix and nothing after it", archive, u.Scheme)
	}
	return nil
}

// serverFlags are the flags of a command that works for one server and one archive.
type serverFlags struct {
	zooCfg  string
	archive archiveFlags
}

func (f *serverFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.zooCfg, "zoo-cfg", "", "the server's zoo.cfg `FILE`")
	f.archive.add(cmd)
	require(cmd, "zoo-cfg", "archive")
}
