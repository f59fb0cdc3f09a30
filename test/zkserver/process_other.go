//go:build !linux

package zkserver

import "syscall"

// dieWithParent is only known to Linux.
func dieWithParent() *syscall.SysProcAttr { return nil }
