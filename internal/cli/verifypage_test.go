package cli

import (
	"strings"
	"testing"
	"time"

	"github.com/zkark/zkark/internal/status"
	"github.com/zkark/zkark/restore"
)

func TestTheVerdictSaysWhichChainsNoDigestProves(t *testing.T) {
	of := func(digests ...int64) string {
		v := verification{Verified: &restore.Verified{}, Listed: status.Archive{}}
		for _, n := range digests {
			v.Chains = append(v.Chains, restore.Chain{Proof: "proven", Digests: n})
		}
		return v.soundness()
	}
	if said := of(3, 0); !strings.Contains(said, "1 of 2 by checksums and counters only") {
		t.Errorf("one chain without a digest: %s", said)
	}
	if said := of(3, 1); strings.Contains(said, "only") {
		t.Errorf("a digest in every chain: %s", said)
	}
}

func TestTheVerdictTellsOfGapsThatABaseBridgesAndThePageOfForeignObjects(t *testing.T) {
	v := verification{Verified: &restore.Verified{}, Listed: status.Archive{Foreign: 2, Gaps: []status.Gap{{Bridged: true}}}}
	if said := v.bridged(); !strings.Contains(said, "1 gap, which a base bridges, cannot be restored") {
		t.Errorf("one gap: %q", said)
	}
	if page := v.page(screen{}, time.Time{}); !strings.Contains(page, "2 objects that zkark did not write") {
		t.Errorf("two foreign objects:\n%s", page)
	}
	v.Listed.Gaps, v.Listed.Foreign = nil, 0
	if said := v.bridged() + v.page(screen{}, time.Time{}); strings.Contains(said, "bridges") || strings.Contains(said, "did not write") {
		t.Errorf("neither: %s", said)
	}
}
