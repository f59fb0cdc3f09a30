package uploader

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/store"
	"github.com/zkark/zkark/internal/timelines"
	"github.com/zkark/zkark/internal/zookeeper"
)

// enter reads who the archive belongs to, and creates the archive if it is not there. Of several sidecars that start
// together one creates it.
func (u *Uploader) enter(ctx context.Context) (archive.Identity, error) {
	u.entering.Lock()
	defer u.entering.Unlock()
	if u.identity.Cluster != "" {
		return u.identity, nil
	}
	id, err := readIdentity(ctx, u.Bucket)
	if errors.Is(err, store.ErrNotFound) {
		if err = u.create(ctx); err == nil {
			id, err = readIdentity(ctx, u.Bucket)
		}
	}
	var timeline int
	if err == nil {
		timeline, err = u.enterTimeline(ctx)
	}
	if err == nil && u.encrypts() {
		u.nameKey, err = u.random()
	}
	if err != nil {
		return archive.Identity{}, fmt.Errorf("enter the archive: %w", err)
	}
	u.identity = id
	u.mu.Lock()
	defer u.mu.Unlock()
	u.cluster, u.timeline = id.Cluster, timeline
	return id, nil
}

// enterTimeline finds the newest timeline, and opens the first.
func (u *Uploader) enterTimeline(ctx context.Context) (int, error) {
	n, err := timelines.Newest(ctx, u.Bucket)
	if err != nil || n > 0 {
		return n, err
	}
	return 1, timelines.Open(ctx, u.Bucket, 1, archive.Timeline{Reason: "the first timeline", Created: u.Now().UTC()})
}

func readIdentity(ctx context.Context, b store.Bucket) (archive.Identity, error) {
	data, err := store.ReadSmall(ctx, b, archive.IdentityKey)
	if err != nil {
		return archive.Identity{}, err
	}
	return archive.ParseIdentity(data)
}

func (u *Uploader) create(ctx context.Context) error {
	id, err := u.random()
	if err != nil {
		return err
	}
	return u.putJSON(ctx, archive.IdentityKey, archive.Identity{
		Format: archive.Format, Cluster: id, Created: u.Now().UTC(),
	})
}

// random is 128 random bits in hex digits.
func (u *Uploader) random() (string, error) {
	var bits [16]byte
	if _, err := u.Rand(bits[:]); err != nil {
		return "", fmt.Errorf("draw a random number: %w", err)
	}
	return hex.EncodeToString(bits[:]), nil
}

// putJSON creates an object unless it is there.
func (u *Uploader) putJSON(ctx context.Context, key string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("encode %s: %w", key, err)
	}
	err = u.Bucket.Put(ctx, key, store.BytesBody(append(data, '\n')))
	if errors.Is(err, store.ErrExists) {
		return nil
	}
	return err
}

func (u *Uploader) meta(ctx context.Context, file string, c zookeeper.Compression) (archive.Meta, error) {
	id, err := u.enter(ctx)
	if err != nil {
		return archive.Meta{}, err
	}
	return archive.Meta{Format: archive.Format, Cluster: id.Cluster, Source: u.Source, File: file, Compression: c, NameKey: u.nameKey}, nil
}
