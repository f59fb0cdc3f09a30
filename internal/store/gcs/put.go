package gcs

import (
	"context"
	"encoding/hex"
	"fmt"
	"hash/crc32"

	"cloud.google.com/go/storage"

	"github.com/zkark/zkark/internal/store"
)

// hashName is the object's metadata that holds the SHA-256 of its bytes, in hexadecimal.
const hashName = "sha256"

// Put creates an object. A body up to the chunk size is sent in one request, a larger one in chunks.
func (b *Bucket) Put(ctx context.Context, key string, body store.Body) error {
	op := b.begin(ctx, "put", key)
	if err := op.check(); err != nil {
		return err
	}
	sum := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	if err := body.CopyTo(ctx, sum); err != nil {
		return fmt.Errorf("put %s: %w", key, err)
	}
	op.progress()
	return op.send(body, sum.Sum32())
}

// send never closes the writer after an error: that would publish what was sent so far.
func (o *operation) send(body store.Body, crc uint32) error {
	ctx, cancel := context.WithCancel(o.ctx)
	defer cancel()
	w := o.writer(ctx, body, crc)
	pipe := &sender{w: w}
	if err := body.CopyTo(ctx, pipe); err != nil {
		if pipe.err != nil {
			return o.failed(pipe.err)
		}
		return fmt.Errorf("%s: %w", o.what(), err)
	}
	if err := w.Close(); err != nil {
		return o.failed(err)
	}
	if kept := w.Attrs(); kept.Size != body.Size || kept.CRC32C != crc {
		return fmt.Errorf("%s: the store keeps %d bytes with CRC32C %08x, but sent were %d with %08x", o.what(), kept.Size, kept.CRC32C, body.Size, crc)
	}
	return nil
}

func (o *operation) writer(ctx context.Context, body store.Body, crc uint32) *storage.Writer {
	options := o.bucket.options
	w := o.object().If(storage.Conditions{DoesNotExist: true}).NewWriter(ctx)
	w.CRC32C, w.SendCRC32C = crc, true
	w.Metadata = map[string]string{hashName: hex.EncodeToString(body.SHA256[:])}
	w.ContentType = "application/octet-stream"
	w.StorageClass, w.KMSKeyName = options.StorageClass, options.KMSKey
	// The client sends one request only when it sees the end of the body within the first chunk, hence the byte more.
	w.ChunkSize = int(min(int64(options.ChunkSize), body.Size+1))
	w.ChunkRetryDeadline = options.Patience
	w.ProgressFunc = func(int64) { o.progress() }
	return w
}

// sender tells a writer's error from that of a body that cannot be read.
type sender struct {
	w   *storage.Writer
	err error
}

func (s *sender) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	s.err = err
	return n, err
}
