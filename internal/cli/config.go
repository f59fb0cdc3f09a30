package cli

import (
	"encoding/json"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/zkark/zkark/internal/inspect"
)

func newConfig(s *session) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config [COMMAND]",
		Short: "Show the values that a command would run with, and where each comes from",
		Long: "config shows every flag of a command, sidecar when none is named, with the value that the configuration file and the environment give\n" +
			"it, and where that comes from. A flag on the command line wins over the environment, and the environment over the file.",
		Example: "  zkark config restore --config /etc/zkark/zkark.yaml",
	}
	cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return commandNames(cmd.Root()), cobra.ShellCompDirectiveNoFileComp
	}
	output := outputFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		name := "sidecar"
		switch len(args) {
		case 0:
		case 1:
			name = args[0]
		default:
			return usageError("%s takes one COMMAND, not %d", cmd.CommandPath(), len(args))
		}
		return s.runConfig(cmd, name, output.value)
	}
	return cmd
}

// setting is a flag's value as JSON shows it.
type setting struct {
	Kind    string `json:"kind"` // "setting"
	Command string `json:"command"`
	Name    string `json:"name"`
	Value   string `json:"value"`
	origin
}

func (s *session) runConfig(cmd *cobra.Command, name, output string) error {
	root := newRoot(&session{Process: s.Process})
	target, _, err := root.Find([]string{name})
	if err != nil || target == root {
		return usageError("there is no command %q%s", name, suggestion(name, commandNames(root)))
	}
	var given []string // what holds for all commands may be a flag here
	cmd.InheritedFlags().VisitAll(func(f *pflag.Flag) {
		if s.origins[f.Name].Kind == "flag" {
			given = append(given, "--"+f.Name+"="+f.Value.String())
		}
	})
	if err := target.ParseFlags(given); err != nil {
		return usageError("%w", err)
	}
	from, err := settle(target, s.LookupEnv)
	if err != nil {
		return err
	}
	return s.printSettings(settingsOf(target, from), output)
}

func commandNames(root *cobra.Command) (names []string) {
	for _, c := range root.Commands() {
		if len(settable(c)) > 0 {
			names = append(names, c.Name())
		}
	}
	return names
}

func settingsOf(cmd *cobra.Command, from map[string]origin) (all []setting) {
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Name == "help" || f.Name == "version" {
			return
		}
		o, known := from[f.Name]
		if !known {
			o.Kind = "default"
		}
		all = append(all, setting{"setting", cmd.Name(), f.Name, discreet(f.Value.String()), o})
	})
	return all
}

func (s *session) printSettings(all []setting, output string) error {
	if output == formatJSON {
		encoder := json.NewEncoder(s.Stdout)
		for _, line := range all {
			if err := encoder.Encode(line); err != nil {
				return err
			}
		}
		return nil
	}
	w := tabwriter.NewWriter(s.Stdout, 0, 0, 2, ' ', 0)
	for _, line := range all {
		value := inspect.Line(line.Value)
		if value == "" || value == "[]" {
			value = "-"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", line.Name, value, inspect.Line(line.origin.String()))
	}
	return w.Flush()
}
