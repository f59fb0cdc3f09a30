// Package cli is zkark's command line: one file for each command, flags and their environment names, the table of
// exit codes, and the choice of the bucket driver from a URL.
package cli
