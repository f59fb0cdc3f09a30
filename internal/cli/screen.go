package cli

import (
	"os"
	"strings"

	"github.com/vbauerster/mpb/v8/cwriter"
)

const (
	defaultWidth = 80
	maxBar       = 120
	labelWidth   = 15 // of the label before a row, with the space behind it
)

// screen is what a page is printed on.
type screen struct {
	width   int  // characters of a line
	unicode bool // more than ASCII can be shown

	terminal bool // somebody looks at it
}

// screen asks the terminal for its width, and the environment for its characters, by the rule of setlocale.
func (s *session) screen() screen {
	sc := screen{width: defaultWidth}
	if out, ok := s.Stdout.(*os.File); ok && cwriter.IsTerminal(int(out.Fd())) {
		sc.terminal = true
		if width, _, err := cwriter.New(out).GetTermSize(); err == nil && width > 0 {
			sc.width = width
		}
	}
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if locale, _ := s.LookupEnv(name); locale != "" {
			locale = strings.ToUpper(locale)
			sc.unicode = strings.Contains(locale, "UTF-8") || strings.Contains(locale, "UTF8")
			break
		}
	}
	return sc
}

// bar is how many characters of a row are there for a bar.
func (s screen) bar() int { return max(10, min(maxBar, s.width-labelWidth)) }

// levels are the characters of a bar from the lowest to the highest.
func (s screen) levels() []rune {
	if s.unicode {
		return []rune("▁▂▃▄▅▆▇█")
	}
	return []rune("_-=#")
}

// nothing is the character of a bar where there is nothing.
func (s screen) nothing() rune {
	if s.unicode {
		return '·'
	}
	return '.'
}

// show makes a text fit for the screen.
func (s screen) show(text string) string {
	if s.unicode {
		return text
	}
	return strings.NewReplacer("–", "-", "≤", "<=", "…", "...").Replace(text)
}
