package store

import (
	"errors"
	"fmt"
	"strings"
)

// ErrInvalid is wrapped when a key is malformed, or a body is not what it says: trying again with the same does not help.
var ErrInvalid = errors.New("invalid")

const keyLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-/"

// CheckKey refuses keys that are empty, hold other characters than letters, digits, '.', '_', '-' and '/', or have a part that is
// empty or begins with a '.': on a file system such a part could leave the root or hide from a listing.
func CheckKey(key string) error {
	if strings.Trim(key, keyLetters) != "" {
		return fmt.Errorf("%w key %q: want letters, digits, '.', '_', '-' and '/'", ErrInvalid, key)
	}
	for part := range strings.SplitSeq(key, "/") {
		if part == "" || part[0] == '.' {
			return fmt.Errorf("%w key %q: a part is empty or begins with '.'", ErrInvalid, key)
		}
	}
	return nil
}
