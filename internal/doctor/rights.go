package doctor

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/store"
)

const (
	probeText  = "zkark doctor was here. This object may be removed.\n"
	secondText = "zkark doctor tried to overwrite this object, and could.\n"

	// tryWithin is for one request with all its tries.
	tryWithin = time.Minute
)

// probed is the object that rights are tried on.
type probed struct {
	fresh    bool      // it was created now
	began    time.Time // before that
	ended    time.Time
	modified time.Time // by the store's clock
}

func (e *examination) checkList(ctx context.Context) []Finding {
	ctx, cancel := context.WithTimeout(ctx, tryWithin)
	defer cancel()
	bucket, err := e.Open(ctx)
	if err != nil {
		return []Finding{failure("%s", oneLine(err)).by("correct --archive and what belongs to it: see docs/stores.md")}
	}
	e.bucket = bucket
	for _, err = range bucket.List(ctx, "", "") {
		break // one page tells
	}
	e.known[aStore] = err == nil
	return judgeList(e.Archive, err)
}

func judgeList(url string, err error) []Finding {
	switch {
	case errors.Is(err, store.ErrNoBucket):
		return []Finding{failure("%s", oneLine(err)).by("create the bucket, or correct --archive %s", url)}
	case errors.Is(err, store.ErrDenied):
		return []Finding{failure("the store denies a listing of %s: %s", url, oneLine(err)).
			by("give this identity the right to list (s3:ListBucket, or storage.objects.list), and see that its credentials and the clock are right")}
	case err != nil:
		return []Finding{failure("%s cannot be listed: %s", url, oneLine(err)).by("see that the store runs, its name resolves, and no firewall is in between")}
	}
	return []Finding{ok("%s can be listed", url)}
}

func (e *examination) checkCreate(ctx context.Context) []Finding {
	ctx, cancel := context.WithTimeout(ctx, tryWithin)
	defer cancel()
	e.probe.began = e.Now()
	err := e.bucket.Put(ctx, archive.ProbeKey, store.BytesBody([]byte(probeText)))
	e.probe.ended, e.probe.fresh = e.Now(), err == nil
	e.known[aProbe] = err == nil || errors.Is(err, store.ErrExists)
	return judgeCreate(err)
}

func judgeCreate(err error) []Finding {
	switch {
	case errors.Is(err, store.ErrExists):
		return []Finding{ok("objects may be created, and only where there is none: %s is there from an earlier time", archive.ProbeKey)}
	case errors.Is(err, store.ErrDenied):
		return []Finding{failure("the store denies creating an object: %s", oneLine(err)).
			by("give this identity the right to create (s3:PutObject, or storage.objects.create); with --s3-tags also s3:PutObjectTagging, with a KMS key the use of it")}
	case err != nil:
		return []Finding{failure("no object can be created: %s", oneLine(err)).by("see docs/stores.md for what a store has to be able to do")}
	}
	return []Finding{ok("objects may be created")}
}

func (e *examination) checkRead(ctx context.Context) []Finding {
	ctx, cancel := context.WithTimeout(ctx, tryWithin)
	defer cancel()
	data, err := store.ReadSmall(ctx, e.bucket, archive.ProbeKey)
	if err == nil {
		var attrs store.Attrs
		attrs, err = e.bucket.Stat(ctx, archive.ProbeKey)
		e.probe.modified = attrs.Modified
	}
	return judgeRead(string(data), err)
}

func judgeRead(text string, err error) []Finding {
	switch {
	case errors.Is(err, store.ErrDenied):
		return []Finding{failure("the store denies reading an object: %s", oneLine(err)).by("give this identity the right to read (s3:GetObject, or storage.objects.get)")}
	case err != nil:
		return []Finding{failure("what was put cannot be read: %s", oneLine(err)).by("see docs/stores.md for what a store has to be able to do")}
	case text == secondText:
		return []Finding{failure("%s was overwritten in an earlier examination", archive.ProbeKey).by("use a store that honours If-None-Match, and remove the object")}
	case text != probeText:
		return []Finding{failure("the store gives %d other bytes than were put", len(text)).by("see what stands between here and the store")}
	}
	return []Finding{ok("what was put can be read, and is the same")}
}

func (e *examination) checkOverwrite(ctx context.Context) []Finding {
	ctx, cancel := context.WithTimeout(ctx, tryWithin)
	defer cancel()
	return judgeOverwrite(e.bucket.Put(ctx, archive.ProbeKey, store.BytesBody([]byte(secondText))))
}

func judgeOverwrite(err error) []Finding {
	switch {
	case err == nil:
		return []Finding{failure("the store overwrites an object although it is asked to create only: two servers could destroy each other's records").
			by("use a store, or a release of it, that honours If-None-Match: * (Amazon S3 does, and versitygw, MinIO and Ceph in newer releases)")}
	case !errors.Is(err, store.ErrExists):
		return []Finding{warning("whether the store overwrites is not known: %s", oneLine(err)).by("try again")}
	}
	return []Finding{ok("the store does not overwrite")}
}

func (e *examination) checkDelete(ctx context.Context) []Finding {
	ctx, cancel := context.WithTimeout(ctx, tryWithin)
	defer cancel()
	err := e.bucket.Delete(ctx, archive.ProbeKey)
	if err == nil {
		_, err = e.bucket.Stat(ctx, archive.ProbeKey)
	}
	return judgeDelete(strings.HasPrefix(e.Archive, "file:"), e.Prunes, err)
}

// judgeDelete takes the error of looking for an object that was deleted.
func judgeDelete(directory, prunes bool, err error) []Finding {
	deleted := errors.Is(err, store.ErrNotFound)
	switch {
	case deleted && directory:
		return []Finding{note("in a directory, who can write can also delete: keep a copy elsewhere, or use a store that tells the two apart")}
	case deleted && !prunes:
		return []Finding{warning("this identity may delete objects: who takes over this machine can remove the backups too").
			by("take the right to delete from it (s3:DeleteObject, or storage.objects.delete), and let zkark prune run elsewhere as another: see docs/stores.md")}
	case !deleted && prunes:
		return []Finding{failure("the sidecar is to prune (--prune-keep), and may not delete").by("give it the right to delete, or leave --prune-keep out and run zkark prune elsewhere")}
	case deleted:
		return []Finding{ok("objects may be deleted, which --prune-keep needs")}
	case errors.Is(err, store.ErrDenied):
		return []Finding{ok("objects may not be deleted, as it should be")}
	}
	return []Finding{note("objects cannot be deleted: %s stays", archive.ProbeKey)}
}
