package doctor

import "fmt"

// Severity is how much a finding matters.
type Severity string

// The severities, from the lightest.
const (
	OK      Severity = "ok"      // as it should be
	Note    Severity = "note"    // good to know; nothing has to be done
	Warning Severity = "warning" // it works, less well or less safely than it could
	Failure Severity = "failure" // the sidecar or a restore will not work
)

// Finding is one thing that a check has found.
type Finding struct {
	Check    string   `json:"check"`
	Severity Severity `json:"severity"`
	Sentence string   `json:"sentence"`
	Fix      string   `json:"fix,omitempty"` // what to do about it; empty where nothing has to be done
}

func ok(format string, args ...any) Finding {
	return Finding{Severity: OK, Sentence: fmt.Sprintf(format, args...)}
}

func note(format string, args ...any) Finding {
	return Finding{Severity: Note, Sentence: fmt.Sprintf(format, args...)}
}

func warning(format string, args ...any) Finding {
	return Finding{Severity: Warning, Sentence: fmt.Sprintf(format, args...)}
}

func failure(format string, args ...any) Finding {
	return Finding{Severity: Failure, Sentence: fmt.Sprintf(format, args...)}
}

// by says what to do about a finding.
func (f Finding) by(format string, args ...any) Finding {
	f.Fix = fmt.Sprintf(format, args...)
	return f
}
