package cli

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"filippo.io/age"
	"github.com/spf13/cobra"

	"github.com/zkark/zkark/internal/archive"
)

// recipientFlags say whom to encrypt to.
type recipientFlags struct{ keys, files []string }

const (
	encryptTo     = "encrypt-to"
	encryptToFile = "encrypt-to-file"
)

func (f *recipientFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringSliceVar(&f.keys, encryptTo, nil, "encrypt what is archived to the age `RECIPIENT`, a public key as age1…; may be repeated")
	cmd.Flags().StringSliceVar(&f.files, encryptToFile, nil, "encrypt what is archived to the age recipients in `FILE`; may be repeated")
}

// read parses the recipients. A flag that names none is an error: it must not end in an archive that everybody can read.
// No message repeats a line of what it read, which could be a secret key in the wrong place.
func (f *recipientFlags) read(cmd *cobra.Command) ([]age.Recipient, error) {
	var all []age.Recipient
	for _, key := range f.keys {
		to, err := age.ParseRecipients(strings.NewReader(key))
		if err != nil {
			return nil, usageError("--%s: not an age public key: want age1…, as age-keygen -y prints it", encryptTo)
		}
		all = append(all, to...)
	}
	for _, path := range f.files {
		to, err := readRecipients(path)
		if err != nil {
			return nil, usageError("--%s: %w", encryptToFile, err)
		}
		all = append(all, to...)
	}
	asked := cmd.Flags().Changed(encryptTo) || cmd.Flags().Changed(encryptToFile)
	if asked && len(all) == 0 {
		return nil, usageError("--%s and --%s name no recipient: leave them out to archive without encryption", encryptTo, encryptToFile)
	}
	return all, nil
}

func readRecipients(path string) ([]age.Recipient, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	to, err := age.ParseRecipients(file)
	if err != nil {
		return nil, fmt.Errorf("%s: no list of age public keys: want a line age1… for each, and comments after #", path)
	}
	return to, nil
}

// readIdentities reads files with secret keys, and warns of those that others on this machine can read.
func (s *session) readIdentities(paths []string) ([]age.Identity, error) {
	var all []age.Identity
	for _, path := range paths {
		identities, err := s.readIdentity(path)
		if err != nil {
			return nil, usageError("--identity: %w", err)
		}
		all = append(all, identities...)
	}
	return all, nil
}

func (s *session) readIdentity(path string) ([]age.Identity, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		s.say(slog.LevelWarn, fmt.Sprintf("%s holds secret keys and its mode %#o lets others have them: chmod 600 it", path, mode))
	}
	identities, err := age.ParseIdentities(file)
	if err != nil {
		return nil, fmt.Errorf("%s: no age identity file: want lines AGE-SECRET-KEY-…, as age-keygen writes them, without a passphrase", path)
	}
	return identities, nil
}

// withKeyAdvice says what to do about an object that cannot be decrypted.
func withKeyAdvice(err error) error {
	switch {
	case errors.Is(err, archive.ErrEncrypted):
		return fmt.Errorf("%w: give --identity FILE with the age secret key that belongs to one of its recipients", err)
	case errors.Is(err, archive.ErrOtherRecipient):
		return fmt.Errorf("%w: give --identity FILE with another key; several may be given", err)
	}
	return err
}
