package cli

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// origin is where the value of a flag came from.
type origin struct {
	Kind string `json:"from"`             // flag, environment, file or default
	At   string `json:"source,omitempty"` // the variable, or FILE:LINE
}

func (o origin) String() string {
	if o.At == "" {
		return o.Kind
	}
	return o.At
}

// settle gives a command's flags their values: the command line's, which are there, then the environment's, then the file's. It tells
// where each came from.
func settle(cmd *cobra.Command, lookup func(string) (string, bool)) (map[string]origin, error) {
	flags, from := cmd.Flags(), map[string]origin{}
	mark := func(source func(name string) origin) {
		flags.VisitAll(func(f *pflag.Flag) {
			if _, known := from[f.Name]; f.Changed && !known {
				from[f.Name] = source(f.Name)
			}
		})
	}
	mark(func(string) origin { return origin{Kind: "flag"} })
	if err := applyEnv(flags, lookup); err != nil {
		return nil, err
	}
	mark(func(name string) origin { return origin{"environment", envName(name)} })
	path := flags.Lookup(configFlag)
	file, err := readConfigFile(cmd.Root(), path.Value.String(), path.Changed)
	if err != nil {
		return nil, err
	}
	sections := sectionsOf(cmd.Name())
	if err := file.apply(flags, sections); err != nil {
		return nil, err
	}
	mark(func(name string) origin {
		return origin{"file", fmt.Sprintf("%s:%d", file.path, file.line(name, sections))}
	})
	return from, nil
}

// mustHaveValue tells of a flag that protects something: set to nothing by a template, it would leave that unprotected without a word.
func mustHaveValue(flag string) bool {
	switch flag {
	case encryptTo, encryptToFile, "identity", "zk-tls-ca", "zk-tls-cert", "zk-tls-key", "zk-auth-file", "s3-sse", "s3-sse-kms-key", "gcs-kms-key":
		return true
	}
	return false
}

// discreet is a flag's value without what nobody should see, which belongs into none of them.
func discreet(value string) string {
	if strings.Contains(strings.ToUpper(value), "SECRET-KEY") {
		return "(a secret key, which does not belong here)"
	}
	if u, err := url.Parse(value); err == nil && u.User != nil {
		u.User = url.User("hidden")
		return u.String()
	}
	return value
}
