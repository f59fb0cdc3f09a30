package restore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/zkark/zkark/internal/archive"
	"github.com/zkark/zkark/internal/zookeeper"
	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

// visitor is called with each record of a piece, in order. errEnough ends the reading well.
type visitor func(zookeeper.Zxid, time.Time, decode) error

// decode gives the transaction of the record at hand.
type decode func() (txnlog.Txn, error)

var errEnough = errors.New("enough was read")

// scan reads the records of a piece by way of a file without a name, which goes when it is closed: a hash is known only at
// the end of an object.
func (b builder) scan(ctx context.Context, piece archive.Piece, visit visitor) error {
	f, err := os.CreateTemp("", "zkark-segment-")
	if err != nil {
		return fmt.Errorf("look into %s: %w", piece.Key(), err)
	}
	defer f.Close()
	if err := os.Remove(f.Name()); err != nil {
		return fmt.Errorf("look into %s: %w", piece.Key(), err)
	}
	err = b.fetch(ctx, object{b.archive.key(piece.Key()), piece.Hash, piece.Size}, func(r io.Reader) error {
		_, err := io.Copy(f, r)
		return err
	})
	if err != nil {
		return err
	}
	err = visitAll(txnlog.NewReader(f, piece.Key()), piece, visit)
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

func visitAll(r *txnlog.Reader, piece archive.Piece, visit visitor) error {
	for {
		rec, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return &DamagedError{Key: piece.Key(), Err: err}
		}
		if rec.Zxid < piece.First || rec.Zxid > piece.UpTo {
			continue
		}
		if err := visit(rec.Zxid, time.UnixMilli(rec.Time), rec.Decode); err != nil {
			return err
		}
	}
}
