package uploader

import (
	"context"
	"io"
	"time"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

// Local is what a server's own files hold, as of the last look at them. Its methods are called from several goroutines.
type Local interface {
	Runs() []Run           // in the order in which they should be archived
	Snapshots() []Snapshot // newest first, complete or not
	// Forget leaves out of Runs, from now on, what is no longer in the server's directory.
	Forget() error
}

// Run is a stretch of records of one epoch: it holds every zxid from First to Last.
type Run struct {
	First, Last zookeeper.Zxid
	Prev        zookeeper.Zxid // the record that First is linked to
	Linked      bool           // false when Prev is not known

	// Bytes is about how much log the records from the one with zxid from on take.
	Bytes func(from zookeeper.Zxid) int64

	// Open reads the records from the one with zxid from on, to Last. Every record that it gives is durable on the server's disk.
	Open func(ctx context.Context, from zookeeper.Zxid) (Records, error)
}

// Records gives one record after the other, each good until the next call, and io.EOF after the last.
type Records interface {
	Next() (txnlog.Record, error)
	Close() error
}

// Snapshot is a snapshot file.
type Snapshot struct {
	Name        string // as the server calls it
	Start       zookeeper.Zxid
	Compression zookeeper.Compression // how the server packed it
	Size        int64                 // bytes, packed
	Time        time.Time             // when it was last written

	// CopyTo writes the unpacked snapshot to w. Only when the error is nil is it sealed, and end the highest zxid that it may
	// hold effects of.
	CopyTo func(ctx context.Context, w io.Writer) (end zookeeper.Zxid, err error)
}
