package s3

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/zkark/zkark/internal/store"
)

const (
	ifAbsent    = "*" // of If-None-Match
	contentType = "application/octet-stream"
	abortWithin = 30 * time.Second
)

// Put creates an object. A body up to the part size is sent in one request, a larger one in parts.
func (b *Bucket) Put(ctx context.Context, key string, body store.Body) error {
	op, err := b.begin(ctx, "put", key)
	if err != nil {
		return err
	}
	if body.Size <= b.options.PartSize {
		return op.putWhole(body)
	}
	return op.putParts(body)
}

func (o *operation) putWhole(body store.Body) error {
	var content bytes.Buffer
	if err := body.CopyTo(o.ctx, &content); err != nil {
		return fmt.Errorf("%s: %w", o.what(), err)
	}
	_, err := o.client.PutObject(o.ctx, &s3.PutObjectInput{
		Bucket: &o.options.Bucket, Key: o.name(), IfNoneMatch: new(ifAbsent), ContentType: new(contentType),
		Body: bytes.NewReader(content.Bytes()), ContentLength: &body.Size, ChecksumSHA256: encoded(body.SHA256),
		StorageClass: types.StorageClass(o.options.StorageClass), Tagging: unlessEmpty(o.options.Tags),
		ServerSideEncryption: types.ServerSideEncryption(o.options.SSE), SSEKMSKeyId: unlessEmpty(o.options.KMSKey),
	})
	if err != nil {
		return o.failed(err)
	}
	return nil
}

// putParts publishes only a body that was what it says, and leaves no parts behind. A body whose key is taken by now is
// known only at its end: that another has put the same base meanwhile is rare.
func (o *operation) putParts(body store.Body) error {
	begun, err := o.client.CreateMultipartUpload(o.ctx, &s3.CreateMultipartUploadInput{
		Bucket: &o.options.Bucket, Key: o.name(), ContentType: new(contentType), ChecksumAlgorithm: types.ChecksumAlgorithmSha256,
		StorageClass: types.StorageClass(o.options.StorageClass), Tagging: unlessEmpty(o.options.Tags),
		ServerSideEncryption: types.ServerSideEncryption(o.options.SSE), SSEKMSKeyId: unlessEmpty(o.options.KMSKey),
	})
	if err != nil {
		return o.failed(err)
	}
	p := &parts{operation: o, upload: begun.UploadId, buffer: make([]byte, 0, o.options.partSize(body.Size))}
	err = body.CopyTo(o.ctx, p)
	switch {
	case p.err != nil:
		err = o.failed(p.err)
	case err != nil:
		err = fmt.Errorf("%s: %w", o.what(), err)
	default:
		err = p.complete()
	}
	if err != nil {
		return errors.Join(err, p.abort())
	}
	return nil
}

// partSize is larger than the option when the body would have too many parts otherwise.
func (o Options) partSize(size int64) int64 {
	return max(o.PartSize, (size+maxParts-1)/maxParts)
}

// parts is a writer that sends what it gets in parts.
type parts struct {
	*operation
	upload *string
	buffer []byte
	sent   []types.CompletedPart
	err    error // of sending, to be told from that of a body that cannot be read
}

func (p *parts) Write(b []byte) (int, error) {
	for n := len(b); ; {
		space := cap(p.buffer) - len(p.buffer)
		if len(b) < space {
			p.buffer = append(p.buffer, b...)
			return n, nil
		}
		p.buffer = append(p.buffer, b[:space]...)
		b = b[space:]
		if p.err = p.send(); p.err != nil {
			return n - len(b), p.err
		}
	}
}

func (p *parts) send() error {
	number, sum := int32(len(p.sent)+1), encoded(sha256.Sum256(p.buffer))
	kept, err := p.client.UploadPart(p.ctx, &s3.UploadPartInput{
		Bucket: &p.options.Bucket, Key: p.name(), UploadId: p.upload, PartNumber: &number,
		Body: bytes.NewReader(p.buffer), ContentLength: new(int64(len(p.buffer))), ChecksumSHA256: sum,
	})
	if err != nil {
		return err
	}
	p.sent = append(p.sent, types.CompletedPart{PartNumber: &number, ETag: kept.ETag, ChecksumSHA256: sum})
	p.buffer = p.buffer[:0]
	return nil
}

func (p *parts) complete() error {
	if len(p.buffer) > 0 {
		if err := p.send(); err != nil {
			return p.failed(err)
		}
	}
	_, err := p.client.CompleteMultipartUpload(p.ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &p.options.Bucket, Key: p.name(), UploadId: p.upload, IfNoneMatch: new(ifAbsent),
		MultipartUpload: &types.CompletedMultipartUpload{Parts: p.sent},
	})
	var gone *types.NoSuchUpload
	if errors.As(err, &gone) {
		return p.completedBefore(err)
	}
	if err != nil {
		return p.failed(err)
	}
	return nil
}

// completedBefore is the answer to a completion whose first response was lost: the upload is gone because it is an object
// now. Whose object, nobody can tell; that the key is taken is certain.
func (p *parts) completedBefore(err error) error {
	if _, statErr := p.Stat(p.ctx, p.key); statErr != nil {
		return p.failed(err)
	}
	return fmt.Errorf("%s: %w: the upload was completed before", p.what(), store.ErrExists)
}

// abort forgets the parts, whatever became of the caller's context. Where that fails too, the bucket's lifecycle has to.
func (p *parts) abort() error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.ctx), abortWithin)
	defer cancel()
	_, err := p.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &p.options.Bucket, Key: p.name(), UploadId: p.upload})
	if err != nil && statusOf(err) != 404 {
		return fmt.Errorf("%s: the parts that were sent stay: %s", p.what(), sentence(err))
	}
	return nil
}

func encoded(sum [sha256.Size]byte) *string {
	return new(base64.StdEncoding.EncodeToString(sum[:]))
}

func unlessEmpty(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
