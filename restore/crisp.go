package restore

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/tree"
)

// Crisp is one exact snapshot that was written instead of a base and logs.
type Crisp struct {
	Zxid     zookeeper.Zxid `json:"zxid"`     // that the server goes on from: the target, or above it
	Digest   string         `json:"digest"`   // of the tree at the target, as 0x and hex digits
	Nodes    int            `json:"nodes"`    // in the snapshot
	Sessions int            `json:"sessions"` // in the snapshot

	DroppedSessions   []string `json:"droppedSessions,omitempty"` // ids, as 0x and hex digits
	DroppedEphemerals []string `json:"droppedEphemerals,omitempty"`
	DroppedMembers    string   `json:"droppedMembers,omitempty"` // lines of server.N=…, as /zookeeper/config had them
}

// condense turns the proven tree into one snapshot, changed as asked for, and removes all else that was built. What it wrote is
// read back, and has to write itself again byte for byte. The proof is of no more use afterwards.
func condense(b built, p *proof, cfg Config, zxid zookeeper.Zxid) (*Crisp, error) {
	t, charset := p.replay.Tree(), p.report.Charset
	crisp := &Crisp{Zxid: zxid, Digest: fmt.Sprintf("0x%016x", t.Digests()[charset])}
	crisp.drop(t, cfg)
	crisp.Nodes, crisp.Sessions = t.Len(), len(t.Sessions())
	trailer := trailerLike(p.trailer, t, charset, zxid)
	path := filepath.Join(b.dir, "crisp.tmp")
	if err := b.step("condense"); err != nil {
		return nil, err
	}
	sum := sha256.New()
	err := writeFile(b.behind, path, func(w io.Writer) error {
		buffered := bufio.NewWriterSize(io.MultiWriter(w, sum), 1<<20)
		return errors.Join(t.WriteSnapshot(buffered, trailer), buffered.Flush())
	})
	if err != nil {
		return nil, fmt.Errorf("write the snapshot: %w", err)
	}
	t, p.replay = nil, nil // room for what is read back
	again, _, err := loadTree(path, zxid)
	if err != nil {
		return nil, notProven(err)
	}
	check := sha256.New()
	if err := again.WriteSnapshot(check, trailer); err != nil {
		return nil, notProven(err)
	}
	if string(check.Sum(nil)) != string(sum.Sum(nil)) {
		return nil, fmt.Errorf("%w: the snapshot that was written does not read back as it is", ErrNotProven)
	}
	for _, old := range append(b.logs.paths(), p.snapshot) {
		if err := b.step("remove " + filepath.Base(old)); err != nil {
			return nil, err
		}
		if err := os.Remove(old); err != nil {
			return nil, err
		}
	}
	return crisp, os.Rename(path, filepath.Join(b.dir, zookeeper.SnapshotName(zxid, zookeeper.Plain)))
}

// drop leaves out of the tree what is not to come back.
func (c *Crisp) drop(t *tree.Tree, cfg Config) {
	if cfg.DropSessions {
		sessions, paths := t.DropSessions(c.Zxid)
		for _, s := range sessions {
			c.DroppedSessions = append(c.DroppedSessions, fmt.Sprintf("0x%x", uint64(s.ID)))
		}
		c.DroppedEphemerals = paths
	}
	if cfg.ScrubMembers {
		c.DroppedMembers = t.Members()
		t.ForgetMembers()
	}
}
