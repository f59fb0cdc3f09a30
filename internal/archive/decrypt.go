package archive

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"

	"filippo.io/age"
)

// The errors of an object that is encrypted and stays so.
var (
	ErrEncrypted      = errors.New("it is encrypted, and no identity was given")
	ErrOtherRecipient = errors.New("it is encrypted, and not to any of the identities given")
)

const (
	ageMagic = "age-encryption.org/" // C2SP age, "Header"

	// maxAgeHeader is what an object's header may take in memory: some 2000 recipients, or 150 of the post-quantum kind.
	maxAgeHeader = 256 << 10
)

// decrypt gives back what is inside an object that is encrypted, and any other as it is.
func decrypt(r io.Reader, identities []age.Identity) (io.Reader, error) {
	buffered := bufio.NewReader(r)
	front, err := buffered.Peek(len(ageMagic))
	if string(front) != ageMagic {
		if err != nil && err != io.EOF {
			return nil, fmt.Errorf("read metadata: %w", err)
		}
		return buffered, nil
	}
	if len(identities) == 0 {
		return nil, ErrEncrypted
	}
	header := &io.LimitedReader{R: buffered, N: maxAgeHeader}
	inside, err := age.Decrypt(header, identities...)
	var noMatch *age.NoIdentityMatchError
	switch {
	case errors.As(err, &noMatch):
		return nil, ErrOtherRecipient
	case err != nil:
		return nil, fmt.Errorf("decrypt: %w", err)
	}
	header.N = math.MaxInt64 // the rest is read in small chunks
	return inside, nil
}
