// Package docs holds the pages of docs to what they tell of the code.
package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestEveryFailureIsShownByTestsThatExist(t *testing.T) {
	page, err := os.ReadFile("failures.md")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`([a-z0-9/]+)\\.(Test\\w+)`")
	rows, there := 0, map[string]map[string]bool{}
	for line := range strings.Lines(string(page)) {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| what goes wrong") || strings.HasPrefix(line, "| ---") {
			continue
		}
		rows++
		found := named.FindAllStringSubmatch(line, -1)
		if columns := strings.Split(line, " | "); len(columns) != 3 || len(found) == 0 || len(found) != strings.Count(columns[2], ".Test") {
			t.Errorf("no line of three columns with tests in the last: %s", line)
		}
		for _, f := range found {
			if there[f[1]] == nil {
				there[f[1]] = testsIn(t, f[1])
			}
			if !there[f[1]][f[2]] {
				t.Errorf("there is no %s in %s", f[2], f[1])
			}
		}
	}
	if rows == 0 {
		t.Error("the page has no table")
	}
}

// testsIn are the names of the tests of a package, as tests that are skipped here have them too.
func testsIn(t *testing.T, dir string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", filepath.FromSlash(dir), "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]bool{}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)`).FindAllStringSubmatch(string(source), -1) {
			tests[f[1]] = true
		}
	}
	return tests
}
