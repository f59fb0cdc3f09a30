package restore

import (
	"context"
	"errors"
	"testing"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"

	"github.com/zkark/zkark/internal/archive"
)

func TestTheWrongKeyAndNoKeyAreToldApartAndTouchNothing(t *testing.T) {
	var keys [2]*age.X25519Identity
	for i := range keys {
		var err error
		if keys[i], err = age.GenerateX25519Identity(); err != nil {
			t.Fatal(err)
		}
	}
	w := newWorld(t, 91, 60, keys[0].Recipient())
	cfg := w.config(t)
	put(t, cfg)
	before := contents(t, cfg.DataDir)
	for want, identities := range map[error][]age.Identity{archive.ErrEncrypted: nil, archive.ErrOtherRecipient: {keys[1]}} {
		cfg.Identities = identities
		if _, err := Run(context.Background(), cfg); !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
		if diff := cmp.Diff(before, contents(t, cfg.DataDir)); diff != "" {
			t.Errorf("%v: the target has changed:\n%s", want, diff)
		}
	}
	if _, err := Look(context.Background(), cfg); err != nil {
		t.Errorf("what needs no key cannot be looked at: %v", err)
	}
	cfg.Identities = []age.Identity{keys[1], keys[0]}
	cfg.To = archive.BeforeDelete("/nowhere")
	var not *NotHeldError
	if _, err := Run(context.Background(), cfg); !errors.As(err, &not) {
		t.Errorf("with the key every record can be read, and the answer is %v", err)
	}
	cfg.To = archive.Latest()
	if _, err := Run(context.Background(), cfg); err != nil {
		t.Error(err)
	}
}
