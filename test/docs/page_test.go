// Package docs holds the documentation to what it says: its links lead somewhere, its command lines are ones that the binary takes, and its
// blocks of commands do what the text around them promises.
//
// A block fenced as ```sh is run as it stands, all blocks of a page in one shell. A block ```text right behind it is what it prints, among other lines, with … for
// what differs. Blocks ```sh install bring what the test has already, and are not run.
package docs

import (
	"bufio"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const root = "../.."

// pages are all that is written for readers.
func pages(t *testing.T) (files []string) {
	t.Helper()
	files = []string{"README.md", "test/corpus/README.md"}
	err := filepath.WalkDir(filepath.Join(root, "docs"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(path, ".md") {
			var relative string
			relative, err = filepath.Rel(root, path)
			files = append(files, relative)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// line is a line of a page, with what fence it is in.
type line struct {
	number int
	text   string
	fence  string // what follows the ```, or "" outside
	code   bool   // fenced, or indented
}

func lines(page string) (all []line) {
	fence, inside, number := "", false, 0
	scanner := bufio.NewScanner(strings.NewReader(page))
	for scanner.Scan() {
		number++
		text := scanner.Text()
		if mark, ok := strings.CutPrefix(text, "```"); ok {
			fence, inside = mark, !inside
			if !inside {
				fence = ""
			}
			continue
		}
		all = append(all, line{number, text, fence, inside || strings.HasPrefix(text, "    ")})
	}
	return all
}

// where says it as an editor takes it.
func where(file string, number int) string { return fmt.Sprintf("%s:%d", file, number) }

func TestEveryLinkLeadsSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	for _, file := range pages(t) {
		for _, l := range lines(read(t, file)) {
			if l.code {
				continue
			}
			for _, found := range link.FindAllStringSubmatch(l.text, -1) {
				if err := follow(t, file, found[1]); err != nil {
					t.Errorf("%s: %v", where(file, l.number), err)
				}
			}
		}
	}
}

// follow looks for what a link names; other sites are not asked.
func follow(t *testing.T, file, link string) error {
	t.Helper()
	if strings.Contains(link, "://") || strings.HasPrefix(link, "mailto:") {
		return nil
	}
	path, anchor, _ := strings.Cut(link, "#")
	target := file
	if path != "" {
		target = filepath.Join(filepath.Dir(file), path)
	}
	if _, err := os.Stat(filepath.Join(root, target)); err != nil {
		return err
	}
	if anchor == "" || !strings.HasSuffix(target, ".md") {
		return nil
	}
	for _, l := range lines(read(t, target)) {
		if title, ok := strings.CutPrefix(strings.TrimLeft(l.text, "#"), " "); ok && !l.code && l.text[0] == '#' && slug(title) == anchor {
			return nil
		}
	}
	return fmt.Errorf("%s has no heading #%s", target, anchor)
}

// slug is the anchor that code hosts give to a heading.
func slug(title string) string {
	dropped := regexp.MustCompile(`[^\p{L}\p{N} _-]`)
	return strings.ReplaceAll(strings.ToLower(dropped.ReplaceAllString(title, "")), " ", "-")
}

func TestEveryPageIsReachedFromTheReadme(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s#]+)(?:#[^)]*)?\)`)
	seen, queue := map[string]bool{"README.md": true}, []string{"README.md"}
	for len(queue) > 0 {
		file := queue[0]
		queue = queue[1:]
		for _, found := range link.FindAllStringSubmatch(read(t, file), -1) {
			target := filepath.Join(filepath.Dir(file), found[1])
			if strings.HasSuffix(target, ".md") && !strings.Contains(found[1], "://") && !seen[target] {
				seen[target] = true
				if _, err := os.Stat(filepath.Join(root, target)); err == nil {
					queue = append(queue, target)
				}
			}
		}
	}
	for _, file := range pages(t) {
		if strings.HasPrefix(file, "docs/") && !seen[file] {
			t.Errorf("no link leads to %s", file)
		}
	}
}

// zkark builds the binary once for a test, and gives its directory.
func zkark(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.Command("go", "build", "-o", filepath.Join(dir, "zkark"), "./cmd/zkark")
	cmd.Dir = root
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build zkark: %v\n%s", err, said)
	}
	return dir
}
