package cli

import (
	"net/url"

	"github.com/spf13/cobra"

	"github.com/zkark/zkark/internal/store"
	"github.com/zkark/zkark/internal/store/file"
	"github.com/zkark/zkark/internal/store/throttle"
)

// openBucket picks the driver for an archive's URL. It is the only place that knows them all.
func openBucket(archive string) (store.Bucket, error) {
	u, err := url.Parse(archive)
	if err != nil {
		return nil, usageError("--archive %q: is not a URL: want file:///path", archive)
	}
	switch u.Scheme {
	case "file":
		return openDirectory(archive, u)
	case "s3", "gs":
		return nil, usageError("--archive %q: %s:// is not in this release yet: want file:///path", archive, u.Scheme)
	case "":
		return nil, usageError("--archive %q: has no scheme: want file:///path", archive)
	}
	return nil, usageError("--archive %q: nothing is known of %s://: want file:///path", archive, u.Scheme)
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
	maxRate         byteSize // a second; 0 for no bound
}

func (f *serverFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.zooCfg, "zoo-cfg", "", "the server's zoo.cfg `FILE`")
	cmd.Flags().StringVar(&f.archive, "archive", "", "where the archive is, as a `URL`: file:///path")
	cmd.Flags().Var(&f.maxRate, "max-rate", "how many bytes a second may pass to and from the archive, as `SIZE`: 10MiB; 0 for no bound")
	require(cmd, "zoo-cfg", "archive")
}

// open opens the archive, at the rate it may be used at.
func (f *serverFlags) open() (store.Bucket, error) {
	bucket, err := openBucket(f.archive)
	if err != nil || f.maxRate == 0 {
		return bucket, err
	}
	return throttle.New(bucket, int64(f.maxRate)), nil
}
