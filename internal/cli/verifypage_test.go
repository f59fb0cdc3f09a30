package cli

import (
	"strings"
	"testing"

	"github.com/zkark/zkark/internal/status"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/restore"
)

func TestAVerificationOfALongArchiveShowsTheNewestChainsAndAllThatDidNotComeBack(t *testing.T) {
	v := verification{Listed: status.Archive{URL: "file:///a"}, Verified: &restore.Verified{}}
	for i := range 100 {
		proof := "proven"
		if i == 70 {
			proof = ""
		}
		v.Chains = append(v.Chains, restore.Chain{Target: zookeeper.Zxid(1000 - i), Proof: proof})
	}
	page := v.page(screen{width: 80}, at(0))
	if n := strings.Count(page, " proven"); n < linesShown || n > linesShown+2 || strings.Count(page, "NOT RESTORED") != 1 || !strings.Contains(page, "and 89 more") {
		t.Errorf("%d chains are shown:\n%s", n, page)
	}
}
