package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/test/zkserver"
)

func TestADrillBootsARealServerOnWhatItRestoresAndSaysSoInTheArchive(t *testing.T) {
	rg := newRig(t, zkserver.Require(t), zkserver.Options{})
	sidecar := rg.startSidecar()
	rg.write("/ark", 50)
	rg.must(sidecar.Stop())
	out, err := rg.zkark.Run(rg.ctx, "drill", "--archive", "file://"+rg.zkark.Archive, "--boot", "--output=json")
	rg.must(err)
	var r archive.DrillReport
	rg.must(json.Unmarshal([]byte(out), &r))
	if !r.Booted || r.Nodes < 50 || r.Digests == 0 {
		t.Errorf("the drill proved little: %s", out)
	}
	rg.expectObject(r.Key())
}

func (r *rig) expectObject(key string) {
	r.t.Helper()
	data, err := os.ReadFile(filepath.Join(r.zkark.Archive, filepath.FromSlash(key)))
	r.must(err)
	if _, err := archive.ParseDrillReport(key, data); err != nil {
		r.t.Error(err)
	}
}
