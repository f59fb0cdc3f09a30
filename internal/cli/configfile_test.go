package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// withFile runs a command with a configuration file, and maybe an environment of NAME=VALUE.
func withFile(t *testing.T, text string, args []string, environment ...string) (code int, out, notes string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "zkark.yaml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	p := Process{Stdout: &stdout, Stderr: &stderr, LookupEnv: func(name string) (string, bool) {
		for _, e := range environment {
			if n, v, _ := strings.Cut(e, "="); n == name {
				return v, true
			}
		}
		return "", false
	}}
	code = Run(context.Background(), append(args, "--config", path), p)
	return code, stdout.String(), strings.ReplaceAll(stderr.String(), path, "FILE")
}

func TestWhatIsWrongWithTheFileIsNamedWithItsLineAndWhatWasMeant(t *testing.T) {
	for text, want := range map[string]string{
		"\narchiv: x":                            `FILE:2: unknown key "archiv": did you mean "archive"?`,
		"sidecar:\n  sync-rat: 1":                `FILE:2: unknown key "sync-rat": did you mean "sync-rate"?`,
		"sidcar:\n  sync-rate: 1":                `FILE:1: there is no command "sidcar": did you mean "sidecar"?`,
		"restore:\n  sync-rate: 1":               `FILE:2: unknown key "sync-rate"`,
		"completion:\n  x: 1":                    `FILE:1: there is no command "completion"`,
		"config: other.yaml":                     `FILE:1: unknown key "config"`,
		"help: true":                             `FILE:1: unknown key "help"`,
		"archive: a\narchive: b":                 `archive`,
		"archive:":                               `FILE:1: archive has no value`,
		"archive: [a, b]":                        `FILE:1: archive takes one value, not a list`,
		"archive: [[a]]":                         `FILE:1: archive is a list of other things`,
		"- a":                                    `FILE:1: want lines of a key`,
		"a: b: c":                                `FILE: yaml: `,
		"log-level: info\n---\nlog-level: debug": `FILE: want one document`,
		"sidecar:\n  sync-rate: often":           `FILE:2: invalid argument "often" for "--sync-rate" flag`,
		"sidecar:\n  encrypt-to: ''":             `FILE:2: encrypt-to is empty`,
		"sidecar:\n  encrypt-to: []":             `FILE:2: encrypt-to is empty`,
		"sidecar:\n  zk-tls-ca: ''":              `FILE:2: zk-tls-ca is empty`,
		"log-level: *x":                          `FILE: yaml: `,
		"log-level: loud\n":                      `--log-level "loud": want debug`,
		"sidecar:\n  sync-rate: &a 1\n  drain-timeout: *a\n": `FILE:3: drain-timeout is neither`,
	} {
		if code, out, notes := withFile(t, text, []string{"config"}); code != 2 || out != "" || !strings.Contains(notes, want) {
			t.Errorf("%q: exit %d, %s%s, want %s", text, code, out, notes, want)
		}
	}
}

func TestAnEmptyFileAndOneThatIsNotThereByDefaultAreNothing(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "sidecar:\n", "---\n"} {
		if code, out, notes := withFile(t, text, []string{"config"}); code != 0 || !strings.Contains(out, "sync-rate") {
			t.Errorf("%q: exit %d, %s%s", text, code, out, notes)
		}
	}
	if code, out, notes := run("config", "--config", ""); code != 0 || !strings.Contains(out, "sync-rate") {
		t.Errorf("no file: exit %d, %s%s", code, out, notes)
	}
	if code, _, notes := run("config", "--config", "/nowhere/zkark.yaml"); code != 2 || !strings.Contains(notes, "/nowhere/zkark.yaml") {
		t.Errorf("a file that is named and not there: exit %d, %s", code, notes)
	}
}

func TestASectionGoesBeforeTheTopTheEnvironmentBeforeTheFileAndAFlagBeforeAll(t *testing.T) {
	const text = "log-level: warn\nmax-rate: 1MiB\narchive: file:///a\nsidecar:\n  max-rate: 2MiB\n  sync-rate: 3\n"
	code, out, notes := withFile(t, text, []string{"config", "--log-level", "error"}, "ZKARK_SYNC_RATE=4", "ZKARK_LOG_LEVEL=debug")
	for _, want := range []string{`max-rate +2MiB +\S+:5`, `archive +file:///a +\S+:3`, `sync-rate +4 +ZKARK_SYNC_RATE`, `log-level +error +flag`, `drain-timeout +20s +default`} {
		if !regexp.MustCompile(`(?m)^` + want + `$`).MatchString(out) {
			t.Errorf("no %q in exit %d: %s%s", want, code, out, notes)
		}
	}
	code, out, _ = withFile(t, text, []string{"config", "prune", "--output", "json"})
	if want := `{"kind":"setting","command":"prune","name":"max-rate","value":"1MiB","from":"file","source":"`; code != 0 || !strings.Contains(out, want) {
		t.Errorf("prune: exit %d, %s, want %s", code, out, want)
	}
	code, out, _ = withFile(t, text, []string{"config", "doctor"})
	if !strings.Contains(out, "2MiB") {
		t.Errorf("doctor has not the sidecar's rate: exit %d, %s", code, out)
	}
}

func TestSecretsInTheWrongPlaceAreNotShown(t *testing.T) {
	const text = "s3-endpoint: https://user:hunter2@store\nsidecar:\n  encrypt-to: AGE-SECRET-KEY-1HUNTER2\n"
	if code, out, notes := withFile(t, text, []string{"config"}); code != 0 || strings.Contains(strings.ToLower(out+notes), "hunter2") {
		t.Errorf("exit %d, %s%s", code, out, notes)
	}
}

func TestAVariableThatIsSetButEmptyTurnsNoProtectionOff(t *testing.T) {
	for _, name := range []string{"ZKARK_ENCRYPT_TO", "ZKARK_ENCRYPT_TO_FILE", "ZKARK_S3_SSE", "ZKARK_ZK_TLS_CA"} {
		if code, out, notes := withFile(t, "", []string{"config"}, name+"="); code != 2 || !strings.Contains(notes, name+" is set but empty") {
			t.Errorf("%s: exit %d, %s%s", name, code, out, notes)
		}
	}
}

// The example has every flag of the sidecar, works as it is, and works with everything turned on.
func TestTheExampleHasEveryFlagOfTheSidecarAndIsRight(t *testing.T) {
	data, err := os.ReadFile("../../deploy/zkark.yaml")
	if err != nil {
		t.Fatal(err)
	}
	off := regexp.MustCompile(`(?m)^( *)#([a-z0-9-]+: )`)
	all := off.ReplaceAllString(string(data), "$1$2")
	for _, text := range []string{string(data), all} {
		if code, out, notes := withFile(t, text, []string{"config"}); code != 0 || !strings.Contains(out, "file:///var/backups/zookeeper") {
			t.Errorf("exit %d, %s%s", code, out, notes)
		}
	}
	newSidecar(&session{}).Flags().VisitAll(func(f *pflag.Flag) {
		if !regexp.MustCompile(`(?m)^ *` + f.Name + `: `).MatchString(all) {
			t.Errorf("deploy/zkark.yaml does not show %s", f.Name)
		}
	})
}

func TestTheNearestNameIsSuggestedAndNoFarOne(t *testing.T) {
	names := []string{"archive", "at", "output", "max-rate"}
	for name, want := range map[string]string{"archiv": `: did you mean "archive"?`, "maxrate": `: did you mean "max-rate"?`, "colour-scheme": "", "x": ""} {
		if got := suggestion(name, names); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestShellsCompleteCommandsFlagsAndChoices(t *testing.T) {
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"__complete", "doc"}, "doctor\t"},
		{[]string{"__complete", "doctor", "--zoo"}, "--zoo-cfg\t"},
		{[]string{"__complete", "status", "--output", "j"}, "json"},
		{[]string{"__complete", "config", "pru"}, "prune\n"},
		{[]string{"completion", "bash"}, "bash completion"},
		{[]string{"completion", "zsh"}, "#compdef zkark"},
		{[]string{"completion", "fish"}, "fish completion"},
	} {
		if code, out, notes := run(tc.args...); code != 0 || !strings.Contains(out, tc.want) {
			t.Errorf("%q: exit %d, %s%s, want %q", tc.args, code, out, notes, tc.want)
		}
	}
	if code, out, notes := run("__complete", "status", "--config", "/nowhere.yaml", "--output", ""); code != 0 || !strings.HasPrefix(out, "table\njson\n") {
		t.Errorf("with a broken file: exit %d, %s%s", code, out, notes)
	}
}
