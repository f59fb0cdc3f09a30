package sidecar

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/probe"
)

// Prober asks ZooKeeper how it is. Its methods are called by one goroutine.
type Prober interface {
	// Probe asks the sidecar's own server and, as far as it is known, the one that leads; all servers when everyone is true. It
	// ends when the context does at the latest.
	Probe(ctx context.Context, everyone bool) Seen
	// Close ends what the prober holds open.
	Close()
}

// Seen is what ZooKeeper said of itself. Whatever is missing was not asked, or not answered.
type Seen struct {
	Time    time.Time      // zero for never
	Own     probe.Server   // of the sidecar's own server; its Role is probe.Unknown when it did not answer
	Err     error          // why not, or why a sync failed
	Synced  bool           // the own server had applied all that the leader had committed when asked
	Leader  *probe.Result  // as it was asked before the own server, so that one that keeps up is never behind
	Others  []probe.Result // all other servers that were asked
	Members []probe.Member // of the configuration, the own server among them; none for a standalone server
}

// Behind is how many transactions the own server is behind the leader. It is not known across an election, nor without both.
func (s Seen) Behind() (n uint64, known bool) {
	if s.Leader == nil || !s.Own.Serves() || s.Own.Zxid.Epoch() != s.Leader.Zxid.Epoch() {
		return 0, false
	}
	if s.Own.Zxid >= s.Leader.Zxid {
		return 0, true
	}
	return uint64(s.Leader.Zxid - s.Own.Zxid), true
}

const (
	probeWithin  = 3 * time.Second  // for all questions of one look at ZooKeeper
	probePause   = 5 * time.Second  // between two: a server logs a line for each question
	reportEvery  = 10 * time.Minute // between two reports of the same
	reportPause  = time.Minute      // between any two
	reportWithin = 20 * time.Second
)

// probeLoop asks ZooKeeper on the sidecar's turns, beside them: that it answers late, or not at all, holds up nothing.
func (s *Sidecar) probeLoop(ctx context.Context) {
	var everyone time.Time        // when all servers were last asked
	var last archive.ServerReport // that was archived, or tried to be
	for {
		beat(ctx, s.parts, anyTime)
		select {
		case <-ctx.Done():
			return
		case <-s.probes:
		}
		beat(ctx, s.parts, workWithin)
		now := time.Now()
		if s.cfg.Prober != nil {
			due := now.Sub(everyone) >= reportEvery
			s.ask(ctx, due)
			if due {
				everyone = now
			}
		}
		// What is archived changes during a turn. One that takes long, because the store is down, has nothing to report to it.
		if !s.shipping.Load() {
			if r := s.serverReport(now); reportDue(last, r) && s.archiveReport(ctx, r) {
				last = r
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(s.probePause):
		}
	}
}

func (s *Sidecar) ask(ctx context.Context, everyone bool) {
	within, cancel := context.WithTimeout(ctx, probeWithin)
	defer cancel()
	seen := s.cfg.Prober.Probe(within, everyone)
	s.ended(ctx, &s.asking, seen.Err)
	if s.look(ctx) == nil && !s.troubled() { // what cannot be read is not missed
		s.ended(ctx, &s.seeing, s.sight.check(seen, s.found(), s.dirs()))
	}
	s.mu.Lock()
	lost := s.seen.Leader != nil && (seen.Leader == nil || seen.Leader.ID != s.seen.Leader.ID)
	s.seen = seen
	s.mu.Unlock()
	if lost && !s.failing() {
		signal(s.early) // what the others lack may be here, and this server could be the next to go
	}
}

func (s *Sidecar) troubled() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.report.Unsure || len(s.report.Troubles) > 0
}

// found is the newest transaction that is to be seen in the server's directories.
func (s *Sidecar) found() (last zookeeper.Zxid) {
	for _, run := range s.tail.Runs() {
		last = max(last, run.Last)
	}
	for _, snap := range s.tail.Snapshots() {
		last = max(last, snap.Start)
	}
	return last
}

// archiveReport tells whether that was tried.
func (s *Sidecar) archiveReport(ctx context.Context, r archive.ServerReport) bool {
	within, cancel := context.WithTimeout(ctx, reportWithin)
	defer cancel()
	done, err := s.uploader.Report(within, r)
	if done || err != nil {
		s.ended(ctx, &s.reporting, err)
	}
	return done || err != nil
}

// serverReport is what can be said of the server now.
func (s *Sidecar) serverReport(now time.Time) archive.ServerReport {
	b := s.uploader.Backlog()
	s.mu.Lock()
	seen := s.seen
	s.mu.Unlock()
	r := archive.ServerReport{
		Server: s.cfg.Source, Time: now, Role: string(probe.Unknown),
		AcceptedEpoch: epochIn(s.cfg.DataDir, "acceptedEpoch"), CurrentEpoch: epochIn(s.cfg.DataDir, "currentEpoch"),
		Logged: b.Logged, Archived: b.Archived, Pending: b.Records,
	}
	if seen.Own.Role != "" {
		r.Role, r.Version, r.Committed = string(seen.Own.Role), seen.Own.Version, seen.Own.Zxid
	}
	for _, o := range seen.Others {
		if o.Err == nil {
			r.Peers = append(r.Peers, archive.PeerReport{Server: int(o.ID), Role: string(o.Role), Zxid: o.Zxid})
		}
	}
	for _, m := range seen.Members {
		if m.Observer {
			r.Observers = append(r.Observers, int(m.ID))
		} else {
			r.Voters = append(r.Voters, int(m.ID))
		}
	}
	return r
}

// reportDue tells whether a report is worth an object, now that another was the last.
func reportDue(last, now archive.ServerReport) bool {
	since := now.Time.Sub(last.Time)
	switch {
	case since < 0 || since >= reportEvery:
		return true
	case since < reportPause:
		return false
	}
	return now.Role != last.Role || now.AcceptedEpoch != last.AcceptedEpoch || now.CurrentEpoch != last.CurrentEpoch ||
		!slices.Equal(now.Voters, last.Voters) || !slices.Equal(now.Observers, last.Observers)
}

// epochIn reads one of the files in which a server of an ensemble keeps its epochs (ZooKeeper 3.9 QuorumPeer: a decimal number), 0
// where there is none.
func epochIn(dataDir, name string) uint32 {
	data, err := os.ReadFile(filepath.Join(dataDir, zookeeper.VersionDir, name))
	if err != nil {
		return 0
	}
	epoch, err := strconv.ParseUint(strings.TrimSpace(string(data)), 10, 32)
	if err != nil {
		return 0
	}
	return uint32(epoch)
}
