package restore

import (
	"context"
	"fmt"
	"os"

	"github.com/zkark/zkark/internal/zookeeper/txnlog"
)

// RemoveBegun removes logs that a server died over before it wrote anything to them, and that keep it from starting: those of paths that
// are still what txnlog.OnlyBegun tells. It fails with *InUseError where a server answers on one of its client addresses: the log may
// be the one that it is about to write.
func RemoveBegun(ctx context.Context, clients, paths []string) error {
	if len(paths) == 0 {
		return nil
	}
	if err := notInUse(ctx, clients); err != nil {
		return err
	}
	for _, path := range paths {
		if err := removeIfBegun(path); err != nil {
			return fmt.Errorf("remove a log that was only begun: %w", err)
		}
	}
	return nil
}

func removeIfBegun(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	begun, err := txnlog.OnlyBegun(f)
	if err != nil || !begun {
		return err
	}
	return os.Remove(path)
}
