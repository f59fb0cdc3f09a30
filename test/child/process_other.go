//go:build !linux

package child

import "syscall"

// dieWithParent is only known to Linux.
func dieWithParent() *syscall.SysProcAttr { return nil }
