package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"
)

const (
	// defaultConfig is read when it is there and no other file is named.
	defaultConfig = "/etc/zkark/zkark.yaml"
	configFlag    = "config"
)

// configFile is what a configuration file says. Its keys are the names of flags, at the top for all commands that have the flag, or below
// the name of a command for that one.
type configFile struct {
	path    string
	entries []configEntry
}

type configEntry struct {
	section string // name of a command; empty for all
	key     string
	values  []string // several for a list; nil for a key without a value
	line    int
}

// readConfigFile reads the file that --config names. The default one need not be there; of a path "" nothing is read.
func readConfigFile(root *cobra.Command, path string, named bool) (configFile, error) {
	if path == "" {
		return configFile{}, nil
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && !named {
		return configFile{}, nil
	}
	if err != nil {
		return configFile{}, usageError("--%s: %w", configFlag, err)
	}
	f := configFile{path: path}
	if err := f.parse(data); err != nil {
		return configFile{}, err
	}
	return f, f.checkKeys(root)
}

func (f *configFile) parse(data []byte) error {
	var document, more yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(data))
	if err := d.Decode(&document); errors.Is(err, io.EOF) {
		return nil // nothing but comments
	} else if err != nil {
		return usageError("%s: %w", f.path, err)
	}
	if err := d.Decode(&more); !errors.Is(err, io.EOF) {
		return usageError("%s: want one document", f.path)
	}
	return f.addMapping("", document.Content[0])
}

// addMapping adds the keys of the file, or of a section.
func (f *configFile) addMapping(section string, m *yaml.Node) error {
	if m.Kind == yaml.ScalarNode && m.Tag == "!!null" {
		return nil
	}
	if m.Kind != yaml.MappingNode {
		return f.wrong(m.Line, "want lines of a key, a colon and a value")
	}
	for i := 0; i+1 < len(m.Content); i += 2 {
		key, value := m.Content[i], m.Content[i+1]
		twice := func(e configEntry) bool { return e.section == section && e.key == key.Value }
		if slices.ContainsFunc(f.entries, twice) {
			return f.wrong(key.Line, "%s is there twice", key.Value)
		}
		if section == "" && value.Kind == yaml.MappingNode {
			f.entries = append(f.entries, configEntry{section: key.Value, line: key.Line}) // for a section without lines
			if err := f.addMapping(key.Value, value); err != nil {
				return err
			}
			continue
		}
		values, err := scalars(value)
		if err != nil {
			return f.wrong(key.Line, "%s %v", key.Value, err)
		}
		f.entries = append(f.entries, configEntry{section, key.Value, values, key.Line})
	}
	return nil
}

func (f *configFile) wrong(line int, format string, args ...any) error {
	return usageError("%s:%d: %s", f.path, line, fmt.Sprintf(format, args...))
}

// scalars are a value, or the values of a list.
func scalars(n *yaml.Node) ([]string, error) {
	switch {
	case n.Kind == yaml.ScalarNode && n.Tag == "!!null":
		return nil, nil
	case n.Kind == yaml.ScalarNode:
		return []string{n.Value}, nil
	case n.Kind != yaml.SequenceNode:
		return nil, errors.New("is neither a value nor a list of them")
	}
	all := []string{}
	for _, item := range n.Content {
		if item.Kind != yaml.ScalarNode || item.Tag == "!!null" {
			return nil, errors.New("is a list of other things than values")
		}
		all = append(all, item.Value)
	}
	return all, nil
}

// checkKeys refuses what no command knows: a typing error must not turn off what somebody meant to turn on.
func (f *configFile) checkKeys(root *cobra.Command) error {
	common, commands := []string{}, map[string][]string{}
	for _, cmd := range root.Commands() {
		names := settable(cmd)
		if len(names) == 0 {
			continue
		}
		commands[cmd.Name()] = names
		common = append(common, names...)
	}
	for _, e := range f.entries {
		known, isSection := commands[e.section]
		_, namesSection := commands[e.key]
		switch {
		case e.section == "" && e.values == nil && namesSection: // one without lines
			continue
		case e.section == "":
			known = common
		case !isSection:
			return f.wrong(e.line, "there is no command %q%s", e.section, suggestion(e.section, mapKeys(commands)))
		case e.key == "": // the line of the section itself
			continue
		}
		if !slices.Contains(known, e.key) {
			return f.wrong(e.line, "unknown key %q%s", e.key, suggestion(e.key, append(known, mapKeys(commands)...)))
		}
		if e.values == nil {
			return f.wrong(e.line, "%s has no value: give it one, or remove the line", e.key)
		}
	}
	return nil
}

func mapKeys(m map[string][]string) []string {
	var all []string
	for key := range m {
		all = append(all, key)
	}
	return all
}

// settable are the names of a command's flags that a file may set; none for the commands of the flag library.
func settable(cmd *cobra.Command) (names []string) {
	if cmd.Name() == "help" || cmd.Name() == "completion" {
		return nil
	}
	add := func(f *pflag.Flag) {
		if f.Name != "help" && f.Name != "version" && f.Name != configFlag {
			names = append(names, f.Name)
		}
	}
	cmd.Flags().VisitAll(add)
	cmd.Root().PersistentFlags().VisitAll(add)
	return names
}

// apply sets the flags that neither the command line nor the environment has set. A section goes before what holds for all.
func (f *configFile) apply(flags *pflag.FlagSet, sections []string) error {
	for _, section := range append(sections, "") {
		for _, e := range f.entries {
			if flag := flags.Lookup(e.key); e.section == section && flag != nil && !flag.Changed {
				if err := f.set(flags, flag, e); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (f *configFile) set(flags *pflag.FlagSet, flag *pflag.Flag, e configEntry) error {
	if mustHaveValue(e.key) && (len(e.values) == 0 || slices.Contains(e.values, "")) {
		return f.wrong(e.line, "%s is empty: give it a value, or remove the line", e.key)
	}
	if list, ok := flag.Value.(pflag.SliceValue); ok {
		flag.Changed = true
		return list.Replace(e.values)
	}
	if len(e.values) != 1 {
		return f.wrong(e.line, "%s takes one value, not a list", e.key)
	}
	if err := flags.Set(e.key, e.values[0]); err != nil {
		return f.wrong(e.line, "%v", err)
	}
	return nil
}

// line is where in the file a flag was set from; 0 where it was not.
func (f *configFile) line(name string, sections []string) int {
	for _, section := range append(sections, "") {
		for _, e := range f.entries {
			if e.section == section && e.key == name {
				return e.line
			}
		}
	}
	return 0
}

// sectionsOf are the sections that hold for a command, the most special first. doctor looks at what the sidecar would run with.
func sectionsOf(command string) []string {
	if command == "doctor" {
		return []string{"doctor", "sidecar"}
	}
	return []string{command}
}
