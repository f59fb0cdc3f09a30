// Package status puts into words and numbers what a listing tells of an archive, in one form for zkark status and for what
// a sidecar answers under /status. It is pure: from a catalog to a value that encodes as JSON.
package status
