package restore

import (
	"context"
	"errors"
	"fmt"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/store"
)

// Reports reads the newest report of each server, in order of their ids. It returns those that it could read; the error
// tells of the others. A report that a prune removes meanwhile is passed over.
func Reports(ctx context.Context, bucket store.Bucket) ([]archive.ServerReport, error) {
	var objects []archive.Object
	for o, err := range bucket.List(ctx, archive.ReportPrefix, "") {
		if err != nil {
			return nil, fmt.Errorf("list the servers' reports: %w", err)
		}
		objects = append(objects, archive.Object{Key: o.Key, Size: o.Size, Modified: o.Modified})
	}
	var reports []archive.ServerReport
	var unread []error
	for _, ref := range archive.NewestReports(objects) {
		report, err := readReport(ctx, bucket, ref.Key)
		switch {
		case err == nil:
			reports = append(reports, report)
		case !errors.Is(err, store.ErrNotFound):
			unread = append(unread, err)
		}
	}
	return reports, errors.Join(unread...)
}

func readReport(ctx context.Context, bucket store.Bucket, key string) (archive.ServerReport, error) {
	data, err := store.ReadSmall(ctx, bucket, key)
	if err != nil {
		return archive.ServerReport{}, err
	}
	return archive.ParseServerReport(key, data)
}
