package install

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// exchange makes two names change places at once. It wraps errors.ErrUnsupported where the file system cannot
// (NFS, and kernels before 3.15).
func exchange(a, b string) error {
	err := unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) {
		return errors.ErrUnsupported
	}
	if err != nil {
		return fmt.Errorf("exchange %s and %s: %w", a, b, err)
	}
	return nil
}
