package cli

import (
	"io"
	"log/slog"
	"runtime"
	"runtime/debug"
	"strings"
)

const logLevelFlag = "log-level"

// setLevel has everything from a level on logged from now on.
func (s *session) setLevel(level string) error {
	var least slog.Level
	if err := least.UnmarshalText([]byte(level)); err != nil {
		return usageError("--%s %q: want debug, info, warn or error", logLevelFlag, level)
	}
	s.level.Set(least)
	return nil
}

func newLogger(w io.Writer, level slog.Leveler, format string) *slog.Logger {
	options := slog.HandlerOptions{Level: level}
	if format == formatJSON {
		return slog.New(slog.NewJSONHandler(w, &options))
	}
	return slog.New(slog.NewTextHandler(w, &options))
}

// version tells what the binary was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "zkark, built without its version"
	}
	parts := []string{"zkark", info.Main.Version}
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			parts = append(parts, "commit "+s.Value)
		case s.Key == "vcs.time":
			parts = append(parts, "of "+s.Value)
		case s.Key == "vcs.modified" && s.Value == "true":
			parts = append(parts, "with changes")
		}
	}
	return strings.Join(append(parts, info.GoVersion, runtime.GOOS+"/"+runtime.GOARCH), " ")
}
