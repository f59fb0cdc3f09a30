package archive

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"testing"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"
)

func key(t testing.TB) *age.X25519Identity {
	t.Helper()
	k, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func encrypt(t testing.TB, m Meta, file []byte, to ...age.Recipient) []byte {
	t.Helper()
	var object bytes.Buffer
	e, err := NewEncoder(&object, m, to...)
	if err == nil {
		_, err = e.Write(file)
		err = errors.Join(err, e.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	return object.Bytes()
}

func open(object []byte, identities ...age.Identity) (Meta, []byte, error) {
	d, err := NewDecoder(bytes.NewReader(object), identities...)
	if err != nil {
		return Meta{}, nil, err
	}
	defer d.Close()
	file, err := io.ReadAll(d)
	return d.Meta(), file, err
}

func TestEachRecipientReadsAnEncryptedObject(t *testing.T) {
	a, b := key(t), key(t)
	m := Meta{Format: Format, Cluster: "c1", File: "log.1", NameKey: "0123"}
	object := encrypt(t, m, sample, a.Recipient(), b.Recipient())
	for _, identities := range [][]age.Identity{{a}, {b}, {key(t), b}} {
		got, file, err := open(object, identities...)
		if err != nil || got != m || !bytes.Equal(file, sample) {
			t.Errorf("meta %+v, %d bytes, %v", got, len(file), err)
		}
	}
	if bytes.Contains(object, []byte("log.1")) {
		t.Error("the metadata can be read by anybody")
	}
}

func TestAnEncryptedObjectStaysShutWithoutItsIdentity(t *testing.T) {
	object := encrypt(t, Meta{Format: Format, File: "log.1"}, sample, key(t).Recipient())
	if _, _, err := open(object); !errors.Is(err, ErrEncrypted) {
		t.Errorf("without an identity: %v", err)
	}
	if _, _, err := open(object, key(t)); !errors.Is(err, ErrOtherRecipient) {
		t.Errorf("with another's identity: %v", err)
	}
}

func TestAnObjectThatIsNotEncryptedReadsWithIdentitiesAtHand(t *testing.T) {
	if _, file, err := open(encrypt(t, Meta{Format: Format, File: "log.1"}, sample), key(t)); err != nil || !bytes.Equal(file, sample) {
		t.Errorf("%d bytes, %v", len(file), err)
	}
}

func TestAgeAndZstdReadAnEncryptedObjectWithoutZkark(t *testing.T) {
	k := key(t)
	inside, err := age.Decrypt(bytes.NewReader(encrypt(t, Meta{Format: Format, File: "log.1"}, sample, k.Recipient())), k)
	if err != nil {
		t.Fatal(err)
	}
	z, err := zstd.NewReader(inside)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	if file, err := io.ReadAll(z); err != nil || !bytes.Equal(file, sample) {
		t.Errorf("%d bytes, %v", len(file), err)
	}
}

func TestAnEncryptedObjectCutShortOrChangedIsNeverReadAsWhole(t *testing.T) {
	k := key(t)
	object := encrypt(t, Meta{Format: Format, File: "log.1"}, sample[:900], k.Recipient())
	for cut := range object {
		if _, _, err := open(object[:cut], k); err == nil {
			t.Fatalf("cut to %d of %d bytes it still reads", cut, len(object))
		}
	}
	for i := range object {
		bad := bytes.Clone(object)
		bad[i] ^= 0x10
		if _, _, err := open(bad, k); err == nil {
			t.Fatalf("byte %d changed: it still reads", i)
		}
	}
}

func TestAnEndlessHeaderIsRefusedAndNotKept(t *testing.T) {
	endless := io.MultiReader(bytes.NewReader([]byte("age-encryption.org/v1\n-> X25519 ")), letters{})
	if _, err := NewDecoder(endless, key(t)); err == nil {
		t.Error("a header without an end is accepted")
	}
}

// letters is an 'a' after the other.
type letters struct{}

func (letters) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'a'
	}
	return len(p), nil
}

func TestTheHashInAnEncryptedNameConfirmsNoGuess(t *testing.T) {
	sum := sha256.Sum256([]byte("secret"))
	plain := Meta{}.ContentHash(sum)
	if plain != "2bb80d537b1da3e3" {
		t.Errorf("the hash of a plain object is %s, want the front of its SHA-256", plain)
	}
	one, again, two := Meta{NameKey: "one"}.ContentHash(sum), Meta{NameKey: "one", File: "log.1"}.ContentHash(sum), Meta{NameKey: "two"}.ContentHash(sum)
	if one != again || one == two || one == plain {
		t.Errorf("%s, %s and %s: it does not depend on the key, or on more than key and content", one, again, two)
	}
}

func FuzzNewDecoderWithAnIdentity(f *testing.F) {
	k, err := age.ParseX25519Identity("AGE-SECRET-KEY-184JMZMVQH3E6U0PSL869004Y3U2NYV7R30EU99CSEDNPH02YUVFSZW44VU")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(encrypt(f, Meta{Format: Format, File: "log.1"}, sample[:500], k.Recipient()))
	f.Add([]byte("age-encryption.org/v1\n-> X25519 "))
	f.Fuzz(func(t *testing.T, object []byte) {
		if _, file, err := open(object, k); err == nil && len(file) == 0 {
			t.Error("an object without a file in it passes for whole")
		}
	})
}
