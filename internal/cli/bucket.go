package cli

import (
	"context"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/zkark/zkark/internal/store"
	"github.com/zkark/zkark/internal/store/file"
)

// openBucket picks the driver for an archive's URL. It is the only place that knows them all.
func openBucket(ctx context.Context, f serverFlags) (store.Bucket, error) {
	archive := f.archive
	u, err := url.Parse(archive)
	if err != nil {
		return nil, usageError("--archive %q: is not a URL: want file:///path or gs://bucket/prefix", archive)
	}
	switch u.Scheme {
	case "file":
		return openDirectory(archive, u)
	case "gs":
		return openGCS(ctx, archive, u, f.gcs)
	case "s3":
		return nil, usageError("--archive %q: %s:// is not in this release yet: want file:///path or gs://bucket/prefix", archive, u.Scheme)
	case "":
		return nil, usageError("--archive %q: has no scheme: want file:///path or gs://bucket/prefix", archive)
	}
	return nil, usageError("--archive %q: nothing is known of %s://: want file:///path or gs://bucket/prefix", archive, u.Scheme)
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

// serverFlags are the flags of a command that works for one server and one archive.
type serverFlags struct {
	zooCfg, archive string
	gcs             gcsFlags
}

func (f *serverFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.zooCfg, "zoo-cfg", "", "the server's zoo.cfg `FILE`")
	cmd.Flags().StringVar(&f.archive, "archive", "", "where the archive is, as a `URL`: file:///path or gs://bucket/prefix")
	f.gcs.add(cmd.Flags())
	require(cmd, "zoo-cfg", "archive")
}
