package tail

import (
	"os"

	"golang.org/x/sys/unix"
)

// syncData makes what a file holds durable. Linux does so on a descriptor that is open for reading only.
func syncData(f *os.File) error {
	return os.NewSyscallError("fdatasync", unix.Fdatasync(int(f.Fd())))
}
