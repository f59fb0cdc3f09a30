package uploader

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

// ErrOtherHistory is wrapped when the archive and the server have different transactions under one zxid: the archive is another
// cluster's, or a standalone server lost the end of its log and used its zxids again.
var ErrOtherHistory = errors.New("the archive holds another history than this server: a cluster needs a prefix of its own")

// compare proves that the newest record that the server and the archive both have is the same transaction. It reads one
// segment, or no more than its name where it is encrypted. With nothing in common only the times can tell, see outOfOrder.
func (u *Uploader) compare(ctx context.Context) error {
	if !u.doubtful() {
		return nil
	}
	run, s, z := u.common()
	if z == 0 {
		if err := u.outOfOrder(ctx); err != nil {
			return err
		}
		u.setCompared(comparison{done: true})
		return nil
	}
	same, err := u.compareAt(ctx, run, s, z)
	if err == nil {
		u.setCompared(comparison{done: true, at: z, same: same})
	}
	return err
}

// compareAt gives the header that both have.
func (u *Uploader) compareAt(ctx context.Context, run Run, s archive.Segment, z zookeeper.Zxid) (txnlog.Header, error) {
	ours, err := u.localHeader(ctx, run, z)
	if err != nil {
		return ours, fmt.Errorf("compare %s with the archive: %w", z, err)
	}
	if s.Encrypted {
		return ours, u.compareName(ours, s)
	}
	theirs, err := u.archivedHeader(ctx, s, z)
	if err != nil {
		return ours, fmt.Errorf("compare %s with %s: %w", z, s.Key(), err)
	}
	if ours != theirs {
		return ours, fmt.Errorf("%w: zxid %s is %+v in %s and %+v here", ErrOtherHistory, z, theirs, s.Key(), ours)
	}
	return ours, nil
}

// compareName proves as much from the times in the name of a segment that only others can read: one zxid is not drawn twice in
// the same millisecond. A standalone server that has lost the end of its log uses zxids again, so there only the segment's last
// record is a proof, and a server that is behind it has to wait. In a quorum a zxid is one transaction: the first will do, and
// has to, because the last may be one that was never committed.
func (u *Uploader) compareName(ours txnlog.Header, s archive.Segment) error {
	theirs := s.LastTime
	switch {
	case ours.Zxid == s.Last:
	case ours.Zxid == s.First && u.Source > 0:
		theirs = s.FirstTime
	default:
		return fmt.Errorf("compare %s with %s: it is encrypted, and can be compared only when the server has logged %s", ours.Zxid, s.Key(), s.Last)
	}
	if at := time.UnixMilli(ours.Time); !at.Equal(theirs) {
		return fmt.Errorf("%w: zxid %s is of %s in %s and of %s here", ErrOtherHistory, ours.Zxid, theirs, s.Key(), at.UTC())
	}
	return nil
}

// common finds the newest record that is in a local run and in a segment. Its zxid is 0 when there is none.
func (u *Uploader) common() (in Run, s archive.Segment, z zookeeper.Zxid) {
	runs := u.Local.Runs()
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, run := range runs {
		for _, segment := range u.view.catalog.Segments {
			last := min(run.Last, segment.Last)
			if segment.Encrypted && u.Source > 0 && run.First <= segment.First && segment.First <= run.Last && run.Last < segment.Last {
				last = segment.First // of which the name tells the time
			}
			comparable := !segment.Encrypted || last == segment.Last
			if last >= max(run.First, segment.First) && (last > z || last == z && comparable) {
				in, s, z = run, segment, last
			}
		}
	}
	return in, s, z
}

func (u *Uploader) localHeader(ctx context.Context, run Run, z zookeeper.Zxid) (_ txnlog.Header, err error) {
	records, err := run.Open(ctx, z)
	if err != nil {
		return txnlog.Header{}, err
	}
	rec, err := records.Next()
	return rec.Header, errors.Join(noEOF(err), records.Close())
}

func (u *Uploader) archivedHeader(ctx context.Context, s archive.Segment, z zookeeper.Zxid) (_ txnlog.Header, err error) {
	body, err := u.Bucket.Get(ctx, u.prefix()+s.Key(), 0)
	if err != nil {
		return txnlog.Header{}, err
	}
	defer func() { err = errors.Join(err, body.Close()) }()
	d, err := archive.NewDecoder(body)
	if err != nil {
		return txnlog.Header{}, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	file, err := io.ReadAll(d)
	if err != nil {
		return txnlog.Header{}, err
	}
	return find(file, s.Key(), z)
}

// find reads the header of the record z in a log file.
func find(file []byte, name string, z zookeeper.Zxid) (txnlog.Header, error) {
	r := txnlog.NewReader(bytes.NewReader(file), name)
	for {
		rec, err := r.Next()
		if err != nil {
			return txnlog.Header{}, noEOF(err)
		}
		if rec.Zxid == z {
			return rec.Header, nil
		}
	}
}
