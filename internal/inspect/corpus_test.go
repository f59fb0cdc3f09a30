package inspect

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zkark/zkark/test/corpus"
)

// Every file that real servers wrote is shown, in both forms. Two are not what they should be, and are told so: a log that was cut by
// hand, and one into whose records ZooKeeper 3.9 itself wrote zeros.
func TestEveryFileOfRealServersIsShown(t *testing.T) {
	for _, c := range corpus.Open(t) {
		t.Run(c.Name, func(t *testing.T) {
			home := c.Extract(t)
			for _, f := range c.Files {
				name := filepath.Base(f.Path)
				if strings.HasPrefix(name, "log.") || strings.HasPrefix(name, "snapshot.") {
					showBoth(t, filepath.Join(home, f.Path), c.Name == "cut-3.9.5" && name == "log.136" || c.Name == "hole-3.9.5" && name == "log.1")
				}
			}
		})
	}
}

func showBoth(t *testing.T, path string, bad bool) {
	t.Helper()
	for _, asJSON := range []bool{true, false} {
		var out bytes.Buffer
		err := File(t.Context(), &out, path, Options{JSON: asJSON, Nodes: true, Note: func(string) {}})
		if (err != nil) != bad {
			t.Errorf("JSON %t: %v", asJSON, err)
		}
		if !asJSON {
			continue
		}
		for line := range bytes.Lines(out.Bytes()) {
			var shown struct{ Kind, Zxid, Path, Type string }
			if err := json.Unmarshal(line, &shown); err != nil || shown.Kind == "" || strings.HasPrefix(shown.Type, "unknown") {
				t.Errorf("%s: %v: %s", path, err, line)
			}
		}
	}
}
