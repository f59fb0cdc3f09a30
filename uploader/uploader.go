package uploader

import (
	"context"
	"fmt"
	"sync"
	"time"

	"filippo.io/age"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/store"
	"github.com/zkark/zkark/internal/zookeeper"
)

// Config is what an Uploader works with. Every field is needed but those that say otherwise.
type Config struct {
	Bucket store.Bucket
	Local  Local
	Source int // myid, 0 for a standalone server

	SegmentBytes int64         // of log in a segment at most, unless one record is larger
	BaseBytes    int64         // of log since the last base before another is due
	BaseInterval time.Duration // since the last base before another is due
	RelistEvery  time.Duration // how old the listing may be before objects that somebody deleted are noticed
	SpoolDir     string        // where a base is packed before it is sent; empty for the system's

	// Recipients are whom segments and bases are encrypted to; none for objects that anybody can read.
	Recipients []age.Recipient

	// NewTimeline is told when the uploader goes on in another timeline, because the one that it was in contradicts the server. Nil for
	// nobody.
	NewTimeline func(n int, why error)

	Now func() time.Time
	// Rand fills the cluster id of a new archive, and the key of encrypted objects' names; crypto/rand.Read.
	Rand func([]byte) (int, error)
}

// Uploader adds what the archive lacks. ShipLog and ShipBase may run at the same time, each once.
type Uploader struct {
	Config
	entering sync.Mutex // guards identity and nameKey, which are set once
	identity archive.Identity
	nameKey  string // of encrypted objects: the same as long as the uploader lives, so that a retry finds the same name

	mu       sync.Mutex // guards the rest
	timeline int        // 0 before the archive was entered
	view     view
	changes  uint64 // of the view
	surveyed surveyed
	cluster  string // of the archive, once it was entered
	compared comparison
	distrust bool            // of the listing
	unsealed map[string]bool // snapshot files that are not sealed, by what identifies their content
}

func (u *Uploader) encrypts() bool { return len(u.Recipients) > 0 }

// New makes an Uploader. It does nothing yet.
func New(c Config) *Uploader {
	return &Uploader{Config: c, unsealed: map[string]bool{}}
}

// ShipLog archives the records that the local logs hold and the archive lacks, in order. Each segment that is archived is told to
// shipped. When there is nothing to add it sends nothing. It fails at the first thing that goes wrong; what was archived
// until then stays. Where the archive's records are not the server's, it goes on in another timeline, or adds nothing and fails with
// ErrOtherHistory.
func (u *Uploader) ShipLog(ctx context.Context, shipped func(archive.Segment)) error {
	if !u.Backlog().any() && !u.stale() && !u.doubtful() {
		return nil
	}
	if err := u.meet(ctx); err != nil {
		return err
	}
	for _, run := range u.Local.Runs() {
		for _, missing := range u.lacks(run) {
			if err := u.shipRange(ctx, run, missing, shipped); err != nil {
				return fmt.Errorf("archive %s: %w", missing, err)
			}
			same, err := u.localHeader(ctx, run, missing.Last)
			if err != nil {
				return fmt.Errorf("read again what was archived of %s: %w", missing, err)
			}
			u.setCompared(comparison{done: true, at: missing.Last, same: same})
		}
	}
	return nil
}

// Relist has the next ShipLog list the whole archive. What others archive below the newest segment shows only then.
func (u *Uploader) Relist() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.distrust = true
}

func (u *Uploader) stale() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.distrust || u.view.olderThan(u.RelistEvery, u.Now())
}

// refresh brings the view of the archive up to date, and returns what it listed for that.
func (u *Uploader) refresh(ctx context.Context) ([]archive.Object, error) {
	if _, err := u.enter(ctx); err != nil {
		return nil, err
	}
	return u.relist(ctx, u.stale())
}

// relist lists everything, or only the segments that sort after the last one that is known. It returns what it listed.
func (u *Uploader) relist(ctx context.Context, full bool) ([]archive.Object, error) {
	prefix, after := u.prefix(), ""
	if !full {
		prefix, after = u.prefix()+archive.LogPrefix, u.prefix()+u.lastKey()
	}
	objects, err := u.list(ctx, prefix, after)
	if err != nil {
		return nil, err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if full || len(objects) > 0 {
		u.changes++
	}
	if full {
		u.view, u.distrust = newView(objects, u.Now()), false
		return objects, nil
	}
	for _, o := range objects {
		u.view.add(o)
	}
	return objects, nil
}

func (u *Uploader) lastKey() string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.view.lastKey()
}

func (u *Uploader) list(ctx context.Context, prefix, after string) ([]archive.Object, error) {
	var objects []archive.Object
	for a, err := range u.Bucket.List(ctx, prefix, after) {
		if err != nil {
			return nil, fmt.Errorf("list the archive: %w", err)
		}
		objects = append(objects, archive.Object{Key: a.Key[len(u.prefix()):], Size: a.Size, Modified: a.Modified})
	}
	return objects, nil
}

// lacks is what the archive misses of a run.
func (u *Uploader) lacks(run Run) []archive.Range {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.view.lacks(run)
}

// Archived tells whether the archive holds the records first to last of one epoch, as far as is known.
func (u *Uploader) Archived(first, last zookeeper.Zxid) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.view.known() && len(u.view.missing(first, last)) == 0
}

// Listed tells whether the archive was listed, so that Backlog knows what it holds.
func (u *Uploader) Listed() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.view.known()
}

// Backlog is what the server has logged and the archive lacks, as far as is known.
type Backlog struct {
	Records  uint64
	Bytes    int64          // of log, roughly
	Logged   zookeeper.Zxid // the last record in the local logs
	Archived zookeeper.Zxid // the last local record up to which nothing is lacking, 0 for none
	Oldest   zookeeper.Zxid // the first local record that is lacking, 0 for none
}

func (b Backlog) any() bool { return b.Records > 0 }

// Backlog compares the local logs with the last listing.
func (u *Uploader) Backlog() Backlog {
	var b Backlog
	for _, run := range u.Local.Runs() {
		b.Logged = max(b.Logged, run.Last)
		for _, missing := range u.lacks(run) {
			if b.Records == 0 {
				b.Oldest = missing.First
			}
			if b.Records == 0 && missing.First > run.First {
				b.Archived = missing.First - 1
			}
			b.Records += uint64(missing.Last-missing.First) + 1
			b.Bytes += run.Bytes(missing.First)
			if missing.Last < run.Last {
				b.Bytes -= run.Bytes(missing.Last + 1)
			}
		}
		if b.Records == 0 {
			b.Archived = run.Last
		}
	}
	return b
}
