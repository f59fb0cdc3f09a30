package archive

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"

	"github.com/zkark/zkark/internal/zookeeper"
)

// ErrForeign is wrapped when an object does not begin the way zkark's objects do.
var ErrForeign = errors.New("not an object that zkark wrote")

// Meta is what an object tells of itself, as JSON in a zstd skippable frame in front of the payload. Nothing is planned
// from it: names are the catalog.
type Meta struct {
	Format      int                   `json:"format"`
	Cluster     string                `json:"cluster"`
	Source      int                   `json:"source"`                // myid, 0 for a standalone server
	File        string                `json:"file"`                  // the name that ZooKeeper expects of the payload
	Compression zookeeper.Compression `json:"compression,omitempty"` // what the server had packed the file with

	// NameKey keys the hash in an encrypted object's name, which anybody who can list the archive sees. Random, at least 128
	// bits of it in whatever letters; empty in an object that is not encrypted.
	NameKey string `json:"nameKey,omitempty"`
}

// ContentHash is the form in which names carry the SHA-256 of the file inside: the first 16 hex digits of it, or of its HMAC
// under the NameKey. A bare hash would confirm a guess at what was encrypted.
func (m Meta) ContentHash(sum [sha256.Size]byte) string {
	if m.NameKey == "" {
		return hex.EncodeToString(sum[:8])
	}
	keyed := hmac.New(sha256.New, []byte(m.NameKey))
	keyed.Write(sum[:])
	return hex.EncodeToString(keyed.Sum(nil)[:8])
}

const (
	skippableMagic = 0x184D2A50 // RFC 8878, 3.1.2: the first of sixteen
	frameHeader    = 8          // magic, size
	maxMeta        = 64 << 10

	// window bounds what compressing and decompressing hold in memory, and is far below the 128 MiB up to which
	// `zstd -d` needs no flag.
	window = 1 << 20
)

// Encoder turns the bytes of a ZooKeeper file into an object. It must be closed for the object to be whole.
type Encoder struct {
	zstd *zstd.Encoder
	age  io.Closer // nil for an object that is not encrypted
}

// NewEncoder writes the metadata and then, as zstd, every byte written to the Encoder; all of it encrypted where there is
// somebody to encrypt to. It does not close w.
func NewEncoder(w io.Writer, m Meta, to ...age.Recipient) (*Encoder, error) {
	front, err := encodeMeta(m)
	if err != nil {
		return nil, err
	}
	var e Encoder
	if len(to) > 0 {
		sealed, err := age.Encrypt(w, to...)
		if err != nil {
			return nil, fmt.Errorf("encrypt %s: %w", m.File, err)
		}
		w, e.age = sealed, sealed
	}
	if _, err := w.Write(front); err != nil {
		return nil, fmt.Errorf("write metadata of %s: %w", m.File, err)
	}
	e.zstd, err = zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(window), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, fmt.Errorf("compress %s: %w", m.File, err)
	}
	return &e, nil
}

// Write adds bytes of the file.
func (e *Encoder) Write(p []byte) (int, error) { return e.zstd.Write(p) }

// Close ends the object with zstd's checksum of the file.
func (e *Encoder) Close() error {
	err := e.zstd.Close()
	if e.age != nil && err == nil {
		err = e.age.Close()
	}
	return err
}

func encodeMeta(m Meta) ([]byte, error) {
	body, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encode metadata of %s: %w", m.File, err)
	}
	front := binary.LittleEndian.AppendUint32(nil, skippableMagic)
	front = binary.LittleEndian.AppendUint32(front, uint32(len(body)))
	return append(front, body...), nil
}

// Decoder gives back the bytes of the ZooKeeper file inside an object. It must be closed.
type Decoder struct {
	meta  Meta
	zstd  *zstd.Decoder
	begun bool // some of the file has come out
}

// NewDecoder reads the metadata in front; the file's bytes come through Read, which fails when the object is cut short
// or its checksum does not fit. It does not close r. An object that is encrypted takes an identity: the errors wrap
// ErrEncrypted and ErrOtherRecipient.
func NewDecoder(r io.Reader, identities ...age.Identity) (*Decoder, error) {
	r, err := decrypt(r, identities)
	if err != nil {
		return nil, err
	}
	m, err := decodeMeta(r)
	if err != nil {
		return nil, err
	}
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(8*window))
	if err != nil {
		return nil, fmt.Errorf("decompress %s: %w", m.File, err)
	}
	return &Decoder{meta: m, zstd: z}, nil
}

// Meta is what the object tells of itself.
func (d *Decoder) Meta() Meta { return d.meta }

// Read gives the file's bytes. An object that ends with its metadata is cut short: there is no empty file.
func (d *Decoder) Read(p []byte) (int, error) {
	n, err := d.zstd.Read(p)
	d.begun = d.begun || n > 0
	if err == io.EOF && !d.begun {
		return n, io.ErrUnexpectedEOF
	}
	return n, err
}

// Close releases the decompressor.
func (d *Decoder) Close() error {
	d.zstd.Close()
	return nil
}

func decodeMeta(r io.Reader) (Meta, error) {
	var front [frameHeader]byte
	if _, err := io.ReadFull(r, front[:]); err != nil {
		return Meta{}, cutShort(err)
	}
	size := binary.LittleEndian.Uint32(front[4:])
	if binary.LittleEndian.Uint32(front[:]) != skippableMagic || size > maxMeta {
		return Meta{}, ErrForeign
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(r, body); err != nil {
		return Meta{}, cutShort(err)
	}
	var m Meta
	if err := json.Unmarshal(body, &m); err != nil || m.Format < 1 {
		return Meta{}, ErrForeign
	}
	if m.Format > Format {
		return Meta{}, fmt.Errorf("object format %d is newer than the %d that this zkark knows: use a newer zkark", m.Format, Format)
	}
	return m, nil
}

// cutShort keeps the cause of a failed read, and calls a clean end foreign: every object has metadata in front.
func cutShort(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: it ends inside its metadata", ErrForeign)
	}
	return fmt.Errorf("read metadata: %w", err)
}
