//go:build !linux

package install

import "errors"

// exchange is not known of this system.
func exchange(string, string) error { return errors.ErrUnsupported }
