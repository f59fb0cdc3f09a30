package cli

import (
	"strings"
	"testing"

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
