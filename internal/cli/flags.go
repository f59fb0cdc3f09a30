package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const (
	formatJSON = "json"

	// requiredMark marks a flag that has to be there, in its flag or in the environment.
	requiredMark = "zkark_required"
)

// envName is the environment variable of a flag.
func envName(flag string) string {
	return "ZKARK_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// applyEnv sets the flags that the command line left out from the environment. An empty variable counts as none, because
// templates of container specs leave such; but not where the flag protects something.
func applyEnv(flags *pflag.FlagSet, lookup func(string) (string, bool)) error {
	var failed error
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Changed || f.Name == "help" || f.Name == "version" {
			return
		}
		value, set := lookup(envName(f.Name))
		if set && value == "" && mustHaveValue(f.Name) {
			failed = usageError("environment variable %s is set but empty: give it a value, or unset it to go without --%s", envName(f.Name), f.Name)
		}
		if value == "" || failed != nil {
			return
		}
		if err := flags.Set(f.Name, value); err != nil {
			failed = usageError("environment variable %s: %w", envName(f.Name), err)
		}
	})
	return failed
}

// require marks flags that checkRequired insists on.
func require(cmd *cobra.Command, names ...string) {
	for _, name := range names {
		flag := cmd.Flags().Lookup(name)
		flag.Annotations = map[string][]string{requiredMark: {"true"}}
		flag.Usage += " (required)"
	}
}

func checkRequired(cmd *cobra.Command) error {
	var failed error
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Annotations[requiredMark] != nil && f.Value.String() == "" && failed == nil {
			failed = usageError("%s needs --%s, or %s in the environment", cmd.CommandPath(), f.Name, envName(f.Name))
		}
	})
	return failed
}

// choice is a flag with a few possible values.
type choice struct {
	value   string
	choices []string
}

func (c *choice) String() string { return c.value }
func (c *choice) Type() string   { return strings.Join(c.choices, "|") }

func (c *choice) Set(s string) error {
	if !slices.Contains(c.choices, s) {
		last := len(c.choices) - 1
		return fmt.Errorf("want %s or %s", strings.Join(c.choices[:last], ", "), c.choices[last])
	}
	c.value = s
	return nil
}

// outputFlag adds --output, which every command that prints has.
func outputFlag(cmd *cobra.Command) *choice {
	c := &choice{"table", []string{"table", formatJSON}}
	cmd.Flags().Var(c, "output", "how to print: table for people, or json, one object a line")
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(c.choices, cobra.ShellCompDirectiveNoFileComp)) // the flag is there
	return c
}
