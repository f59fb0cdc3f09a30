package mem

import (
	"testing"

	"github.com/zkark/zkark/internal/store"
	"github.com/zkark/zkark/internal/store/storetest"
)

func TestBucketKeepsTheContract(t *testing.T) {
	storetest.Run(t, func(*testing.T) store.Bucket { return New() })
}
