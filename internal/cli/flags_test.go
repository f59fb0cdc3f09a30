package cli

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Every flag that a command has is in its environment too, under a name that a person can guess.
func TestEveryFlagCanComeFromTheEnvironment(t *testing.T) {
	s := &session{Process: Process{LookupEnv: func(string) (string, bool) { return "", false }}}
	for _, cmd := range newRoot(s).Commands() {
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Name != "help" {
				checkEnv(t, cmd, f)
			}
		})
	}
}

func checkEnv(t *testing.T, cmd *cobra.Command, f *pflag.Flag) {
	value := map[string]string{"bool": "true", "duration": "3m0s", "int64": "7", "int": "7", "NUMBER": "7", "float64": "7", "string": "x", "SIZE": "7MiB", "stringSlice": "x"}[f.Value.Type()]
	if value == "" {
		value, _, _ = strings.Cut(f.Value.Type(), "|")
	}
	lookup := func(name string) (string, bool) {
		return value, name == "ZKARK_"+strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
	}
	only := pflag.NewFlagSet("", pflag.ContinueOnError)
	only.AddFlag(f)
	if err := applyEnv(only, lookup); err != nil || strings.Trim(f.Value.String(), "[]") != value {
		t.Errorf("%s --%s: %q from the environment, want %q, %v", cmd.Name(), f.Name, f.Value, value, err)
	}
}

func TestAFlagWinsOverTheEnvironmentAndAnEmptyVariableIsNone(t *testing.T) {
	env := map[string]string{"ZKARK_LOG_FORMAT": "json", "ZKARK_LOG_LEVEL": ""}
	var stderr bytes.Buffer
	p := Process{Stdout: &stderr, Stderr: &stderr, LookupEnv: func(name string) (string, bool) { v, ok := env[name]; return v, ok }}
	if code := Run(context.Background(), []string{"inspect", "nowhere"}, p); code != 1 || !strings.HasPrefix(stderr.String(), "{") {
		t.Errorf("exit %d, %s", code, stderr.String())
	}
	stderr.Reset()
	Run(context.Background(), []string{"inspect", "--log-format", "text", "nowhere"}, p)
	if !strings.HasPrefix(stderr.String(), "zkark: nowhere: ") {
		t.Errorf("with the flag: %s", stderr.String())
	}
}
