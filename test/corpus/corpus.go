// Package corpus gives tests the data directories that real ZooKeeper servers wrote, of releases 3.4 to 3.9,
// together with what ZooKeeper itself reads in them.
//
// It is for tests only. README.md beside it describes the cases and how they were made.
package corpus

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/zkark/zkark/internal/zookeeper"
)

// Case is one history: the directories of one server, or of every server of an ensemble.
type Case struct {
	Name    string   `json:"name"`
	Release string   `json:"release"` // of ZooKeeper
	Covers  string   `json:"covers"`  // what is special about it, in a sentence
	Servers []Server `json:"servers"`
	Files   []File   `json:"files"`

	home string // the directory of the archives
}

// Server is one server of a case as it was left, stopped or killed.
type Server struct {
	ID      int    `json:"id"`
	DataDir string `json:"data"`  // relative to what Extract returns; version-2 is inside
	LogDir  string `json:"log"`   // the same as DataDir unless the server had a dataLogDir
	Flags   string `json:"flags"` // of its JVM

	Boots    bool           `json:"boots"`   // whether its own release loads the directory
	Refusal  string         `json:"refusal"` // why not
	LastZxid zookeeper.Zxid `json:"lastZxid"`
	Digest   string         `json:"digest"` // of the tree that it loads, decimal; empty before 3.6
}

// File is one file of a case.
type File struct {
	Path string `json:"path"` // relative to what Extract returns
	Size int64  `json:"size"` // the zeros behind the last record of a log included
}

// Open lists every case, by name.
func Open(t testing.TB) []Case {
	t.Helper()
	home := filepath.Join(moduleRoot(t), "test", "corpus", "testdata")
	text, err := os.ReadFile(filepath.Join(home, "manifest.json"))
	if err != nil {
		t.Fatalf("read the manifest of the corpus: %v", err)
	}
	var manifest struct {
		Cases []Case `json:"cases"`
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		t.Fatalf("read the manifest of the corpus: %v", err)
	}
	for i := range manifest.Cases {
		manifest.Cases[i].home = home
	}
	return manifest.Cases
}

// Find is the case of a name. It fails the test if there is none.
func Find(t testing.TB, name string) Case {
	t.Helper()
	for _, c := range Open(t) {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("the corpus has no case %q", name)
	return Case{}
}

// Extract unpacks the directories of a case, each server in one named by its id, into a directory that goes with the test.
func (c Case) Extract(t testing.TB) string {
	t.Helper()
	return extract(t, filepath.Join(c.home, c.Name+".tar.zst"))
}

// Expect unpacks what ZooKeeper reads in the case: for each server a directory with, for each log and snapshot,
// NAME.txt (what ZooKeeper's own tool prints) and NAME.exact (everything, see generate/Oracle.java), and
// state.exact, the tree that the server would boot with.
func (c Case) Expect(t testing.TB) string {
	t.Helper()
	return extract(t, filepath.Join(c.home, c.Name+".expect.tar.zst"))
}

// moduleRoot is the directory above the test's that holds go.mod.
func moduleRoot(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatalf("find the corpus: %v", err)
	}
	for {
		_, err := os.Stat(filepath.Join(dir, "go.mod"))
		if err == nil {
			return dir
		}
		if !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
			t.Fatalf("find the corpus: no go.mod above the test: %v", err)
		}
		dir = filepath.Dir(dir)
	}
}
