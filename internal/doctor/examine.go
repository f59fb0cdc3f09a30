package doctor

import (
	"context"
	"crypto/tls"
	"iter"
	"time"

	"github.com/zkark/zkark/internal/store"
	"github.com/zkark/zkark/internal/zookeeper/probe"
	"github.com/zkark/zkark/internal/zookeeper/zoocfg"
	"github.com/zkark/zkark/restore"
)

// Setup is what is examined: what a sidecar would be started with, and the machine.
type Setup struct {
	ZooCfg   string // path of zoo.cfg
	Archive  string // URL, for messages
	SpoolDir string // empty: the system's directory for temporary files
	Listen   string // HOST:PORT for metrics and health; empty: none
	Encrypts bool   // what is archived is encrypted
	Prunes   bool   // the sidecar prunes, so it has to be allowed to delete

	// Server tells where the server is asked, "" where that is not known, and how.
	Server func(zoocfg.Config) (address string, t *tls.Config, err error)
	// Open opens the archive. The examination closes it.
	Open func(context.Context) (store.Bucket, error)

	Proc string // where the kernel tells of itself; empty: /proc
	Now  func() time.Time
}

// need is what has to be known before a check makes sense. Where it is not, another check has said why.
type need int

const (
	nothing  need = iota
	aConfig       // zoo.cfg was read
	someData      // the directories were read
	aStore        // the archive could be listed
	aProbe        // an object could be put
)

// check is one thing to look at.
type check struct {
	name  string
	needs need
	run   func(*examination, context.Context) []Finding
}

func checks() []check {
	return []check{
		{"zoo.cfg", nothing, (*examination).readConfig},
		{"myid", aConfig, (*examination).checkMyID},
		{"directories", aConfig, (*examination).checkDirectories},
		{"zookeeper", aConfig, (*examination).askServer},
		{"process", aConfig, (*examination).checkProcess},
		{"writes", someData, (*examination).checkWrites},
		{"digests", someData, (*examination).checkDigests},
		{"autopurge", aConfig, (*examination).checkPurge},
		{"jute.maxbuffer", aConfig, (*examination).checkBuffer},
		{"disk", someData, (*examination).checkDisk},
		{"spool", nothing, (*examination).checkSpool},
		{"inotify", nothing, (*examination).checkNotify},
		{"listen", nothing, (*examination).checkListen},
		{"store: list", nothing, (*examination).checkList},
		{"store: create", aStore, (*examination).checkCreate},
		{"store: read", aProbe, (*examination).checkRead},
		{"store: no overwrite", aProbe, (*examination).checkOverwrite},
		{"clock", aProbe, (*examination).checkClock},
		{"store: no delete", aProbe, (*examination).checkDelete},
		{"archive", aStore, (*examination).checkArchive},
		{"history", aStore, (*examination).checkHistory},
		{"encryption", aStore, (*examination).checkEncryption},
		{"unshipped", aStore, (*examination).checkUnshipped},
	}
}

// examination is what is known so far.
type examination struct {
	Setup
	known map[need]bool

	cfg      zoocfg.Config
	settings map[string]string
	data     data          // of the server's directories
	server   *probe.Server // nil: it did not answer
	jvm      []string      // arguments of the running server; nil where it is not seen

	bucket  store.Bucket
	listing *restore.Listing // nil where there is no archive
	probe   probed
}

// Examine runs the checks, one after the other, and yields what they find. A check whose ground another check has found missing is left out.
func Examine(ctx context.Context, s Setup) iter.Seq[Finding] {
	if s.Proc == "" {
		s.Proc = "/proc"
	}
	return func(yield func(Finding) bool) {
		e := &examination{Setup: s, known: map[need]bool{nothing: true}}
		defer e.close()
		for _, c := range checks() {
			if !e.known[c.needs] || ctx.Err() != nil {
				continue
			}
			for _, f := range c.run(e, ctx) {
				f.Check = c.name
				if !yield(f) {
					return
				}
			}
		}
	}
}

func (e *examination) close() {
	if e.bucket != nil {
		e.bucket.Close()
	}
}
