package archive

import (
	"bytes"
	"errors"
	"io"
	"os/exec"
	"testing"
)

func encode(t *testing.T, m Meta, file []byte) []byte {
	t.Helper()
	var object bytes.Buffer
	e, err := NewEncoder(&object, m)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Write(file); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	return object.Bytes()
}

func decode(object []byte) (Meta, []byte, error) {
	d, err := NewDecoder(bytes.NewReader(object))
	if err != nil {
		return Meta{}, nil, err
	}
	defer d.Close()
	file, err := io.ReadAll(d)
	return d.Meta(), file, err
}

var sample = bytes.Repeat([]byte("ZKLG and some records "), 5000)

func TestAnObjectGivesBackItsFileAndItsMetadata(t *testing.T) {
	m := Meta{Format: Format, Cluster: "c1", Source: 3, File: "log.1", Compression: "gz"}
	got, file, err := decode(encode(t, m, sample))
	if err != nil || got != m || !bytes.Equal(file, sample) {
		t.Fatalf("meta %+v, %d bytes, %v", got, len(file), err)
	}
}

func TestTheZstdToolReadsAnObjectWithoutZkark(t *testing.T) {
	zstd, err := exec.LookPath("zstd")
	if err != nil {
		t.Skip("SKIPPED: needs the zstd command (Debian package zstd)")
	}
	cmd := exec.Command(zstd, "-dc")
	cmd.Stdin = bytes.NewReader(encode(t, Meta{Format: Format, File: "log.1"}, sample))
	file, err := cmd.Output()
	if err != nil || !bytes.Equal(file, sample) {
		t.Fatalf("zstd gives %d bytes, %v", len(file), err)
	}
}

func TestAnObjectCutShortOrDamagedIsNeverReadAsWhole(t *testing.T) {
	object := encode(t, Meta{Format: Format, File: "log.1"}, sample)
	for cut := range object {
		if _, _, err := decode(object[:cut]); err == nil {
			t.Fatalf("cut to %d of %d bytes it still reads", cut, len(object))
		}
	}
	for i := 60; i < len(object); i++ {
		bad := bytes.Clone(object)
		bad[i] ^= 0x10
		if _, file, err := decode(bad); err == nil && !bytes.Equal(file, sample) {
			t.Fatalf("byte %d flipped: other bytes come out, without an error", i)
		}
	}
}

func TestForeignAndNewerObjectsAreRefused(t *testing.T) {
	if _, _, err := decode([]byte("PK\x03\x04 something else entirely")); !errors.Is(err, ErrForeign) {
		t.Errorf("a zip file gives %v, want ErrForeign", err)
	}
	if _, _, err := decode(encode(t, Meta{Format: Format + 1}, nil)); err == nil || errors.Is(err, ErrForeign) {
		t.Errorf("a newer object gives %v, want a sentence about the version", err)
	}
	if _, err := ParseIdentity([]byte(`{"format":2,"cluster":"c"}`)); err == nil {
		t.Error("a newer archive is accepted")
	}
	if _, err := ParseIdentity([]byte(`{}`)); err == nil {
		t.Error("an empty identity is accepted")
	}
}

func FuzzNewDecoder(f *testing.F) {
	var object bytes.Buffer
	e, err := NewEncoder(&object, Meta{Format: Format, File: "log.1"})
	if err == nil {
		_, err = e.Write(sample[:500])
		err = errors.Join(err, e.Close())
	}
	if err != nil {
		f.Fatal(err)
	}
	f.Add(object.Bytes())
	f.Add([]byte("\x50\x2a\x4d\x18\x02\x00\x00\x00{}"))
	f.Fuzz(func(t *testing.T, object []byte) {
		if _, file, err := decode(object); err == nil && len(file) == 0 {
			t.Error("an object without a file in it passes for whole")
		}
	})
}
