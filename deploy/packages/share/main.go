// Command share writes what the packages bring besides the binary: manual pages, and completions for shells.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"github.com/zkark/zkark/internal/cli"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "share: give the directory to write to")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "share:", err)
		os.Exit(1)
	}
}

// write leaves pages of commands that are gone to nobody: the directory of the pages is made anew.
func write(dir string) error {
	pages := filepath.Join(dir, "man1")
	if err := errors.Join(os.RemoveAll(pages), os.MkdirAll(pages, 0o755)); err != nil {
		return err
	}
	root := cli.Commands()
	return errors.Join(
		root.GenBashCompletionFileV2(filepath.Join(dir, "zkark.bash"), true),
		root.GenZshCompletionFile(filepath.Join(dir, "zkark.zsh")),
		root.GenFishCompletionFile(filepath.Join(dir, "zkark.fish"), true),
		doc.GenManTree(plain(root), &doc.GenManHeader{Section: "1", Source: "zkark", Manual: "zkark"}, pages),
	)
}

// plain has no line in the pages on who generated them and when.
func plain(root *cobra.Command) *cobra.Command {
	root.DisableAutoGenTag = true
	return root
}
