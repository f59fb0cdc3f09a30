package tail

import (
	"slices"
	"sort"
	"time"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

// FileID names one life of a log file. A file that is truncated, or created again under the same name, begins another.
type FileID uint64

// Run is a stretch of records that follow each other in one file, within one epoch: it holds every zxid from First to Last.
type Run struct {
	File        FileID
	Name        string // of the file
	First, Last zookeeper.Zxid
	Prev        zookeeper.Zxid // the record that First is linked to
	Linked      bool           // whether Prev is known
	FirstTime   time.Time      // of the first and last record, by the leader's clock
	LastTime    time.Time
	Start, End  int64 // where in the file its records begin and end

	marks  []mark // in order, the first at Start
	judged bool   // Prev and Linked have been decided, for good
	gap    bool   // bytes before it could not be read
}

// mark tells where a record starts.
type mark struct {
	zxid   zookeeper.Zxid
	offset int64
}

// markEvery is how many bytes a search reads in vain at most, and what an index entry is paid for with.
const markEvery = 256 << 10

// Bytes is the size of the records from the one with zxid z on, to within a quarter of a MiB.
func (r Run) Bytes(z zookeeper.Zxid) int64 { return r.End - r.seek(z) }

// seek finds a record at or before z.
func (r Run) seek(z zookeeper.Zxid) int64 {
	i := sort.Search(len(r.marks), func(i int) bool { return r.marks[i].zxid > z })
	if i == 0 {
		return r.Start
	}
	return r.marks[i-1].offset
}

// join adds the records of next, which follow in the same file, or tells that they do not belong to the run.
func (r Run) join(next Run) (Run, bool) {
	if next.gap || next.Start != r.End || !follows(r.Last, next.First) {
		return r, false
	}
	r.Last, r.LastTime, r.End = next.Last, next.LastTime, next.End
	r.marks = slices.Concat(r.marks, next.marks)
	return r, true
}

func follows(a, b zookeeper.Zxid) bool { return b == a+1 && b.Epoch() == a.Epoch() }

// fold collects records into runs, as they come out of one file.
type fold struct {
	runs []Run
	last zookeeper.Zxid // the record before the next one, also when it is in an earlier file; 0 for none

	start, at, end int64 // where the first record that was taken starts, the last one does, and where it ends; 0 for none
	gap            bool  // unreadable bytes lie between the last run and the next
	gapAtEnd       bool  // and they lie before end
	split          bool  // an echo lies between them
}

// add takes the next record. It refuses one that goes back: unless it is an echo, no server writes that in one life of its
// state.
func (f *fold) add(rec txnlog.Record) bool {
	end := rec.Offset + rec.Size()
	if rec.Zxid <= f.last {
		// A request that could not be decoded is logged with the zxid before it, and changes nothing (ZooKeeper
		// PrepRequestProcessor).
		repeat := rec.Zxid == f.last && rec.Type == txnlog.TypeError
		if repeat && len(f.runs) > 0 && !f.gap && !f.split {
			f.runs[len(f.runs)-1].End = end
		}
		if repeat {
			f.pass(rec)
		}
		return repeat
	}
	at := time.UnixMilli(rec.Time)
	n := len(f.runs)
	if n == 0 || f.gap || f.split || !follows(f.last, rec.Zxid) {
		f.runs = append(f.runs, Run{First: rec.Zxid, FirstTime: at, Start: rec.Offset, gap: f.gap})
		n, f.gap, f.split = n+1, false, false
	}
	r := &f.runs[n-1]
	if k := len(r.marks); k == 0 || rec.Offset-r.marks[k-1].offset >= markEvery {
		r.marks = append(r.marks, mark{rec.Zxid, rec.Offset})
	}
	r.Last, r.LastTime, r.End = rec.Zxid, at, end
	f.last = rec.Zxid
	f.pass(rec)
	return true
}

// pass moves on behind a record.
func (f *fold) pass(rec txnlog.Record) {
	if f.end == 0 {
		f.start = rec.Offset
	}
	f.at, f.end, f.gapAtEnd = rec.Offset, rec.Offset+rec.Size(), f.gap
}
