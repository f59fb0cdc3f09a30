package restore

import (
	"bytes"
	"errors"

	"golang.org/x/sys/unix"
)

// labelName is the extended attribute in which SELinux keeps what a confined process may do with a file (selinux(8), xattr(7)).
const labelName = "security.selinux"

// labelOf is nil where a file has no label, or its file system knows of none.
func labelOf(path string) ([]byte, error) {
	label := make([]byte, 4096) // one page is the most that the kernel takes for one
	n, err := unix.Lgetxattr(path, labelName, label)
	if errors.Is(err, unix.ENODATA) || errors.Is(err, unix.ENOTSUP) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return label[:n], nil
}

// setLabel changes nothing where the label is right already, as it is where the file got it from its directory: that needs no privilege.
func setLabel(path string, label []byte) error {
	if now, err := labelOf(path); label == nil || err == nil && bytes.Equal(now, label) {
		return nil
	}
	return unix.Lsetxattr(path, labelName, label, 0)
}
