package doctor

import (
	"context"
	"errors"
	"time"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/store"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
	"github.com/zkark/zkark/restore"
)

// listWithin is for an archive of a million objects.
const listWithin = 10 * time.Minute

func (e *examination) checkArchive(ctx context.Context) []Finding {
	ctx, cancel := context.WithTimeout(ctx, listWithin)
	defer cancel()
	strange := ""
	listing, err := restore.List(ctx, e.bucket, 0)
	if err == nil {
		e.listing = &listing
	} else if errors.Is(err, restore.ErrNoArchive) {
		strange, err = e.stranger(ctx)
	}
	return judgeArchive(e.listing, strange, err)
}

// stranger is an object where there is no archive that zkark did not put.
func (e *examination) stranger(ctx context.Context) (string, error) {
	for o, err := range e.bucket.List(ctx, "", "") {
		if err != nil {
			return "", err
		}
		if o.Key != archive.ProbeKey {
			return o.Key, nil
		}
	}
	return "", nil
}

func judgeArchive(l *restore.Listing, strange string, err error) []Finding {
	switch {
	case errors.Is(err, store.ErrDenied):
		return []Finding{failure("the archive cannot be read: %s", oneLine(err)).by("give this identity the right to read (s3:GetObject, or storage.objects.get)")}
	case err != nil:
		return []Finding{failure("%s", oneLine(err)).by("see that --archive names the right prefix, and that this zkark is not older than the one that wrote it")}
	case strange != "":
		return []Finding{warning("there is no archive yet, but somebody else's objects, as %q", strange).by("give the archive a prefix of its own in --archive")}
	case l == nil:
		return []Finding{ok("there is no archive yet: the sidecar begins one")}
	}
	found := []Finding{ok("the archive of cluster %s has %d segments and %d bases", l.Identity.Cluster, len(l.Catalog.Segments), len(l.Catalog.Bases))}
	if n := len(l.Catalog.Foreign); n > 0 {
		found = append(found, note("%d objects in the archive are not zkark's, as %q", n, l.Catalog.Foreign[0]))
	}
	return found
}

// shared is a record that the archive says to have, and what the server has under the same zxid.
type shared struct {
	archived archive.Segment // of which the last record was compared
	local    txnlog.Header
	found    bool
}

func (e *examination) checkHistory(ctx context.Context) []Finding {
	if e.listing == nil || len(e.listing.Catalog.Segments) == 0 || !e.data.records {
		return nil
	}
	return judgeHistory(e.compare(ctx), e.listing.Catalog, e.data.newest())
}

// compare looks for the newest record at the end of a segment that the server has too.
func (e *examination) compare(ctx context.Context) shared {
	const most = 8 // logs are read for each try, and may be large
	segments, tries := e.listing.Catalog.Segments, 0
	oldest := e.data.logs[0].zxid
	for i := len(segments) - 1; i >= 0 && segments[i].Last >= oldest && tries < most; i-- {
		if segments[i].Last > e.data.last {
			continue
		}
		tries++
		if h, there := e.data.local(ctx, segments[i].Last); there {
			return shared{segments[i], h, true}
		}
	}
	return shared{}
}

func judgeHistory(s shared, c archive.Catalog, local zookeeper.Zxid) []Finding {
	last := newestSegment(c)
	const fix = "give each ensemble an archive of its own: another prefix in --archive. Where it is the same one and old data was put back, see zkark timeline"
	switch {
	case s.found && s.local.Time != s.archived.LastTime.UnixMilli():
		return []Finding{failure("the archive is not of this server's ensemble: it has %s at %s, and the server logged it at %s", s.local.Zxid,
			s.archived.LastTime.Format(time.RFC3339), time.UnixMilli(s.local.Time).UTC().Format(time.RFC3339)).by(fix)}
	case s.found:
		return []Finding{ok("the archive has this server's history: both have %s at the same millisecond", s.local.Zxid)}
	case last > local:
		return []Finding{warning("the archive goes on to %s, and this server only to %s: it is behind, or of another ensemble", last, local).by(fix)}
	}
	return []Finding{note("the archive, up to %s, and this server's logs have no transaction in common to compare", last)}
}

func newestSegment(c archive.Catalog) (last zookeeper.Zxid) {
	for _, s := range c.Segments {
		last = max(last, s.Last)
	}
	return last
}

func (e *examination) checkEncryption(context.Context) []Finding {
	if e.listing == nil {
		return nil
	}
	return judgeEncryption(e.Encrypts, e.listing.Catalog)
}

func judgeEncryption(encrypts bool, c archive.Catalog) []Finding {
	n := 0
	for _, s := range c.Segments {
		if s.Encrypted {
			n++
		}
	}
	for _, b := range c.Bases {
		if b.Encrypted {
			n++
		}
	}
	if n > 0 && !encrypts {
		return []Finding{failure("%d objects of the archive are encrypted, and no --encrypt-to is given: what comes next could be read by anybody who can read the store", n).
			by("give --encrypt-to age1… or --encrypt-to-file FILE with the archive's recipients")}
	}
	if encrypts {
		return []Finding{ok("what is archived is encrypted")}
	}
	return nil
}

// purgeable are logs that ZooKeeper's next purge may remove and that hold what the archive lacks.
type purgeable struct {
	files int
	bytes int64
}

func (e *examination) checkUnshipped(context.Context) []Finding {
	if !e.known[someData] || !e.data.records || e.listing == nil {
		return nil
	}
	return judgeUnshipped(atRisk(e.data, newestSegment(e.listing.Catalog)))
}

// atRisk knows that ZooKeeper keeps the 3 newest snapshots at least, and with them the log that holds the oldest's zxid and all later ones
// (ZooKeeper PurgeTxnLog).
func atRisk(d data, archived zookeeper.Zxid) (p purgeable) {
	const kept = 3
	if len(d.snapshots) <= kept {
		return p
	}
	oldest := d.snapshots[len(d.snapshots)-kept].zxid
	for i, f := range d.logs {
		if i+1 < len(d.logs) && d.logs[i+1].zxid <= oldest && d.logs[i+1].zxid-1 > archived {
			p.files, p.bytes = p.files+1, p.bytes+f.size
		}
	}
	return p
}

func judgeUnshipped(p purgeable) []Finding {
	if p.files > 0 {
		return []Finding{warning("ZooKeeper's next purge may remove %d logs (%s) of which the archive lacks something", p.files, size(p.bytes)).
			by("start the sidecar, which holds them open and ships them; raise autopurge.snapRetainCount where it cannot run for long")}
	}
	return []Finding{ok("what ZooKeeper's next purge removes is archived")}
}
