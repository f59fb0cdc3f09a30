package docs

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// command is a command line of zkark, and where it was found.
type command struct {
	from string
	args []string
}

// commandIn finds the command line in a line of code: zkark behind a prompt, variables or sudo.
func commandIn(text string) (args []string, ok bool) {
	words := split(strings.TrimPrefix(strings.TrimSpace(text), "$ "))
	assigned := regexp.MustCompile(`^[A-Z_]+=`)
	for i := 0; i < len(words); i++ {
		switch word := words[i]; {
		case filepath.Base(word) == "zkark" && !strings.HasSuffix(word, "/"):
			return words[i+1:], len(words) > i+1
		case word == "sudo" || word == "exec" || assigned.MatchString(word):
		case (word == "-u" || word == "-g") && words[0] == "sudo":
			i++
		default:
			return nil, false
		}
	}
	return nil, false
}

// split cuts a line into words as a shell does, up to whatever ends a simple command.
func split(text string) (words []string) {
	var word strings.Builder
	begun, quote := false, rune(0)
	end := func() {
		if begun {
			words = append(words, word.String())
		}
		word.Reset()
		begun = false
	}
	for _, r := range text {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '"' || r == '\'':
			quote, begun = r, true
		case r == ' ' || r == '\t':
			end()
		case strings.ContainsRune("|&;<>)", r), r == '#' && !begun:
			end()
			return words
		default:
			word.WriteRune(r)
			begun = true
		}
	}
	end()
	return words
}

func commands(t *testing.T) (all []command) {
	t.Helper()
	span := regexp.MustCompile("`(zkark [a-z][^`]*)`")
	for _, file := range pages(t) {
		page := strings.ReplaceAll(read(t, file), "\\\n", " ")
		for _, l := range lines(page) {
			texts := []string{l.text}
			if !l.code {
				texts = nil
				for _, found := range span.FindAllStringSubmatch(l.text, -1) {
					texts = append(texts, found[1])
				}
			}
			for _, text := range texts {
				if args, ok := commandIn(text); ok {
					all = append(all, command{where(file, l.number), args})
				}
			}
		}
	}
	return append(all, unitCommands(t)...)
}

func unitCommands(t *testing.T) (all []command) {
	t.Helper()
	units, err := filepath.Glob(filepath.Join(root, "deploy/systemd/*.service"))
	if err != nil {
		t.Fatal(err)
	}
	drop, _ := filepath.Glob(filepath.Join(root, "deploy/systemd/*.d/*.conf"))
	for _, path := range append(units, drop...) {
		file, _ := filepath.Rel(root, path)
		for _, l := range lines(read(t, file)) {
			if key, value, ok := strings.Cut(l.text, "="); ok && strings.HasPrefix(key, "Exec") {
				args, _ := commandIn(value)
				all = append(all, command{where(file, l.number), args})
			}
		}
	}
	return all
}

// With --help at the end the binary reads all flags and their values, and then does nothing.
func TestEveryCommandLineIsOneThatTheBinaryTakes(t *testing.T) {
	binary := filepath.Join(zkark(t), "zkark")
	found := commands(t)
	if len(found) < 20 {
		t.Fatalf("only %d command lines", len(found))
	}
	for _, c := range found {
		said, err := exec.Command(binary, append(c.args, "--help")...).CombinedOutput()
		if err != nil && !(len(c.args) > 1 && strings.Contains(string(said), "flag needs an argument")) {
			t.Errorf("%s: zkark %s: %s", c.from, strings.Join(c.args, " "), said)
		} else if err == nil && c.args[0] != "help" && c.args[0][0] != '-' && !strings.Contains(string(said), "\n  zkark "+c.args[0]) {
			t.Errorf("%s: there is no zkark %s", c.from, c.args[0])
		}
	}
}

func TestACommandLineIsReadAsAShellDoes(t *testing.T) {
	for text, want := range map[string]string{
		"zkark restore --at \"10m ago\" # comment":     "restore|--at|10m ago",
		"sudo -u zkark -g zookeeper zkark status":      "status",
		"AWS_REGION=x zkark prune --keep 7d > log":     "prune|--keep|7d",
		"$ zkark status --archive \"$ARCHIVE\" | head": "status|--archive|$ARCHIVE",
		"install bin/zkark /usr/local/bin/zkark":       "",
	} {
		args, _ := commandIn(text)
		if got := strings.Join(args, "|"); got != want {
			t.Errorf("%s: %q", text, got)
		}
	}
}
