// Package install swaps a proven directory in for an old one.
//
// The swap is a written list of operations, each of which can be done twice. The list is made durable first and
// then carried out; a process that dies in between leaves the list behind, and the next run finishes it.
package install
