package store_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/zkark/zkark/internal/store"
	"github.com/zkark/zkark/internal/store/mem"
)

func TestASmallObjectIsReadWholeAndALargeOneRefused(t *testing.T) {
	b := mem.New()
	for key, size := range map[string]int{"small": store.SmallSize, "large": store.SmallSize + 1} {
		if err := b.Put(t.Context(), key, store.BytesBody(make([]byte, size))); err != nil {
			t.Fatal(err)
		}
	}
	if data, err := store.ReadSmall(t.Context(), b, "small"); err != nil || len(data) != store.SmallSize {
		t.Errorf("got %d bytes, %v", len(data), err)
	}
	for key, want := range map[string]error{"large": store.ErrInvalid, "missing": store.ErrNotFound} {
		if _, err := store.ReadSmall(t.Context(), b, key); !errors.Is(err, want) || !strings.Contains(err.Error(), key) {
			t.Errorf("%s: %v", key, err)
		}
	}
}
