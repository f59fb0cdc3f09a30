package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

// story prints a timeline: how far in, a mark, what happened.
type story struct {
	out     io.Writer
	colours bool
	start   time.Time
}

// mark is the sign before a line, and its colour.
type mark struct{ sign, colour string }

func good() mark   { return mark{"✔", "32"} }
func bad() mark    { return mark{"✖", "31"} }
func normal() mark { return mark{"●", "36"} }

// newStory starts the clock. It has colours only on a terminal, and not when NO_COLOR is set.
func newStory(out *os.File) *story {
	info, err := out.Stat()
	terminal := err == nil && info.Mode()&os.ModeCharDevice != 0
	return &story{out: out, colours: terminal && os.Getenv("NO_COLOR") == "", start: time.Now()}
}

func (s *story) title(text string) { fmt.Fprintf(s.out, "\n  %s\n\n", s.paint("1", text)) }

// tell prints what has just happened.
func (s *story) tell(m mark, format string, args ...any) {
	elapsed := fmt.Sprintf("%5.1fs", time.Since(s.start).Seconds())
	fmt.Fprintf(s.out, "  %s  %s  %s\n", s.paint("2", elapsed), s.paint(m.colour, m.sign), fmt.Sprintf(format, args...))
}

// detail prints a line that belongs to the one before.
func (s *story) detail(format string, args ...any) {
	fmt.Fprintf(s.out, "             %s\n", s.paint("2", fmt.Sprintf(format, args...)))
}

func (s *story) end() { fmt.Fprintln(s.out) }

func (s *story) paint(colour, text string) string {
	if !s.colours {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

// count prints a number with a comma between thousands.
func count[T int | int64 | uint32](n T) string {
	digits := strconv.FormatInt(int64(n), 10)
	var parts []string
	for len(digits) > 3 {
		parts = append([]string{digits[len(digits)-3:]}, parts...)
		digits = digits[:len(digits)-3]
	}
	return strings.Join(append([]string{digits}, parts...), ",")
}

// size prints a number of bytes as a person reads it.
func size(bytes int64) string {
	switch {
	case bytes < 1<<10:
		return fmt.Sprintf("%d bytes", bytes)
	case bytes < 10<<20:
		return fmt.Sprintf("%s KiB", count(bytes>>10))
	default:
		return fmt.Sprintf("%s MiB", count(bytes>>20))
	}
}

// seconds prints a duration to the tenth.
func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }
